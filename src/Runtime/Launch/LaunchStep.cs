using System.Runtime.InteropServices;

namespace Berth.Runtime.Launch;

internal enum StepKind : byte
{
    /// <summary>A system call.</summary>
    Call,

    /// <summary>
    /// A system call after which a result of 0 goes on with the next step, and any other with <see cref="LaunchStep.OnSuccess"/>:
    /// the copy and the original after a fork, the passed time and the event after a poll.
    /// </summary>
    Branch,

    /// <summary>No call: fails, with the value in place of errno, unless the 32-bit word at the first argument is 0.</summary>
    ExpectZero,

    /// <summary>No call: tells the parent that all steps up to here are done.</summary>
    Ready,
}

/// <summary>One thing that a clone child does; made by <see cref="StepList"/>, run by <see cref="CloneWindow"/>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct LaunchStep
{
    public const short AnyErrno = -1;

    public nint Number;
    public fixed long Arguments[6];
    public long Result;

    /// <summary>Bit i: Arguments[i] is the index of an earlier step, whose result is meant.</summary>
    public byte References;

    public StepKind Kind;

    /// <summary>A tolerated failure is told to the parent as a warning.</summary>
    public bool Warns;

    /// <summary>A tolerated EACCES is remembered, and told in place of the errno of a later failure: execvp(3)'s rule for a search.</summary>
    public bool RemembersDenial;

    /// <summary>Failures after which the child goes on at <see cref="OnTolerated"/>; 0: unused.</summary>
    public fixed short Tolerated[4];

    /// <summary>Index of the step to go on with.</summary>
    public int OnSuccess;

    /// <inheritdoc cref="OnSuccess"/>
    public int OnTolerated;
}

/// <summary>What a child tells over its report pipe; smaller than PIPE_BUF, so never torn.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct StepReport
{
    public int Step;
    public int Value;
    public StepReportKind Kind;
}

internal enum StepReportKind
{
    /// <summary>The step failed with errno <see cref="StepReport.Value"/>, and the child has ended.</summary>
    Failed = 1,

    /// <summary>The step failed likewise, and the child has gone on without it.</summary>
    Warning = 2,

    /// <summary>The steps up to this one are done.</summary>
    Ready = 3,
}
