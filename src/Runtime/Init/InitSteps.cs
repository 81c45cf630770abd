using Berth.Runtime.Launch;
using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Init;

/// <summary>
/// Divides the list in two: a copy of the child becomes the main process, and the child itself executes <see cref="InitProgram"/>, as the copy's parent.
/// Both tell the launcher of failures, and its report ends only when both have executed.
/// </summary>
internal static unsafe class InitSteps
{
    private const int PrctlPdeathsig = 1, PrctlChildSubreaper = 36;

    /// <param name="program">Of <see cref="InitProgram.Create"/>.</param>
    /// <param name="isFirst">In a pid namespace of its own, where orphans come to the first process by themselves and all end with it.</param>
    /// <param name="hasTerminal">Descriptor 0 is the session's terminal.</param>
    /// <param name="finish">Adds what both still need: their privileges, with the signals left blocked or not; and what the main process executes.</param>
    public static void Add(StepList steps, ProcessPlan process, SafeFileHandle program, bool isFirst, bool hasTerminal, Finish finish)
    {
        const string start = "start the main process";
        var init = steps.NewLabel();
        var child = steps.Allocate<int>();
        if (!isFirst)
        {
            steps.Call("adopt orphans", null, SyscallNumber.Prctl, PrctlChildSubreaper, 1, 0, 0, 0);
        }

        steps.ForkKnown(start, null, child, init);

        // The main process: in a group of its own, so that the terminal's signals reach it and not the init.
        const int setForegroundGroup = 0x5410;
        steps.Call(start, null, SyscallNumber.Setpgid, 0, 0);
        if (hasTerminal)
        {
            steps.Call("take the terminal", null, SyscallNumber.Ioctl, 0, setForegroundGroup, StepList.Address(child));
        }

        if (!isFirst)
        {
            steps.Call("tie to the init process", null, SyscallNumber.Prctl, PrctlPdeathsig, SignalDispositions.Kill);
        }

        finish.Main();
        steps.Mark(init);
        AddInit(steps, process, program, child, finish);
    }

    private static void AddInit(StepList steps, ProcessPlan process, SafeFileHandle program, int* child, Finish finish)
    {
        const string words = "execute the init process";
        const int addSeals = 1033, allSeals = 0xF, emptyPath = 0x1000;
        steps.Call(words, null, SyscallNumber.Pwrite64, program, StepList.Address(child), sizeof(int), InitProgram.ChildOffset);
        steps.Call(words, null, SyscallNumber.Fcntl, program, addSeals, allSeals);
        finish.Init();
        steps.Call(
            words, null, SyscallNumber.Execveat, program, steps.TextArgument(""),
            StepList.Address(steps.Vector([InitProgram.Name, "--", .. process.Args])), StepList.Address(steps.Vector(process.Env)), emptyPath);
    }

    internal sealed record Finish(Action Main, Action Init);
}
