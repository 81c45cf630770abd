using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Berth.Shared.Linux;

namespace Berth.Runtime.Launch;

/// <summary>The only code that runs in a clone child, and the call that makes one.</summary>
/// <remarks>
/// The child is a copy of a managed process with one thread: nothing in it may allocate, wait for a collection, take a lock or leave by an exception.
/// So it runs one loop over steps that the parent has prepared in unmanaged memory, by calls that make no transition of the garbage collector.
/// </remarks>
internal static unsafe partial class CloneWindow
{
    /// <summary>clone3(2); returns the child's pid, or minus errno. The child never returns: it runs the steps and ends.</summary>
    /// <param name="report">Descriptor of the report pipe; close-on-exec, so that its end tells the parent of the execve.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Clone(CloneArguments* arguments, LaunchStep* steps, int count, int report)
    {
        // Everything that the child calls is called once here: under a JIT the first call resolves the symbol, which takes locks.
        var errno = __errno_location();
        _ = syscall(SyscallNumber.Fcntl, -1, 0, 0, 0, 0, 0);
        var exitGroup = SyscallNumber.ExitGroup;
        var write = SyscallNumber.Write;

        var pid = syscall(SyscallNumber.Clone3, (nint)arguments, sizeof(CloneArguments), 0, 0, 0, 0);
        if (pid == 0)
        {
            Run(steps, count, report, write, exitGroup);
        }

        return pid > 0 ? (int)pid : -*errno;
    }

    private static void Run(LaunchStep* steps, int count, int report, nint write, nint exitGroup)
    {
        const int eacces = 13, eintr = 4;
        var denied = false;
        var next = 0;
        while (next < count)
        {
            var index = next;
            var step = &steps[index];
            next = step->OnSuccess;
            switch (step->Kind)
            {
                case StepKind.ExpectZero:
                    var word = *(int*)step->Arguments[0];
                    if (word != 0)
                    {
                        Tell(write, report, index, word, StepReportKind.Failed);
                        Exit(exitGroup);
                    }

                    continue;
                case StepKind.Ready:
                    Tell(write, report, index, 0, StepReportKind.Ready);
                    continue;
            }

            nint result;
            var errno = 0;
            do
            {
                result = syscall(
                    step->Number, Argument(steps, step, 0), Argument(steps, step, 1), Argument(steps, step, 2), Argument(steps, step, 3), Argument(steps, step, 4), Argument(steps, step, 5));
                errno = result == -1 ? *__errno_location() : 0;
            }
            while (errno == eintr);

            step->Result = result;
            if (errno == 0)
            {
                if (step->Kind == StepKind.Branch && result == 0)
                {
                    next = index + 1;
                }

                continue;
            }

            if (!Tolerates(step, errno))
            {
                Tell(write, report, index, denied && errno != eacces && step->RemembersDenial ? eacces : errno, StepReportKind.Failed);
                Exit(exitGroup);
            }

            denied |= step->RemembersDenial && errno == eacces;
            if (step->Warns)
            {
                Tell(write, report, index, errno, StepReportKind.Warning);
            }

            next = step->OnTolerated;
        }

        syscall(exitGroup, 0, 0, 0, 0, 0, 0);
    }

    private static nint Argument(LaunchStep* steps, LaunchStep* step, int i)
        => (nint)((step->References & (1 << i)) == 0 ? step->Arguments[i] : steps[step->Arguments[i]].Result);

    private static bool Tolerates(LaunchStep* step, int errno)
    {
        for (var i = 0; i < 4; i++)
        {
            if (step->Tolerated[i] == errno || step->Tolerated[i] == LaunchStep.AnyErrno)
            {
                return true;
            }
        }

        return false;
    }

    private static void Tell(nint write, int report, int step, int value, StepReportKind kind)
    {
        var message = new StepReport { Step = step, Value = value, Kind = kind };
        syscall(write, report, (nint)(&message), sizeof(StepReport), 0, 0, 0);
    }

    private static void Exit(nint exitGroup)
    {
        while (true)
        {
            syscall(exitGroup, LaunchException.EngineFailed, 0, 0, 0, 0, 0);
        }
    }

    // Bound here and not in Libc, since nobody else may call them so: without a transition the collector can't stop this thread meanwhile.
    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial nint syscall(nint number, nint a0, nint a1, nint a2, nint a3, nint a4, nint a5);

    [LibraryImport("libc")]
    [SuppressGCTransition]
    private static partial int* __errno_location();
}

/// <summary>struct clone_args of linux/sched.h, up to its version of Linux 5.7.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CloneArguments
{
    public ulong Flags;
    public ulong PidFd;
    public ulong ChildTid;
    public ulong ParentTid;
    public ulong ExitSignal;
    public ulong Stack;
    public ulong StackSize;
    public ulong Tls;
    public ulong SetTid;
    public ulong SetTidSize;
    public ulong Cgroup;
}
