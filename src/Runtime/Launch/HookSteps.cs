using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>Hooks that run inside the container's namespaces: the child makes a copy of itself for each and waits for it.</summary>
internal static unsafe class HookSteps
{
    /// <summary>The words of every step of a hook whose failure is the hook's own.</summary>
    public const string Step = "run the hook";

    /// <param name="state">A memory file that holds the state by the time the steps run.</param>
    public static void Add(StepList steps, IReadOnlyList<OciHook>? hooks, SafeFileHandle? state)
    {
        foreach (var hook in hooks ?? [])
        {
            Add(steps, hook, state!);
        }
    }

    private static void Add(StepList steps, OciHook hook, SafeFileHandle state)
    {
        const int pollInput = 1;
        var poll = steps.Allocate<int>(2);
        poll[1] = pollInput;
        var status = steps.Allocate<int>();
        var after = steps.NewLabel();
        var copy = steps.Fork("start the hook", hook.Path, poll, after);
        AddProgram(steps, hook, state);
        steps.Mark(after);

        var ended = steps.NewLabel();
        steps.PollOrGoOn("wait for the hook", hook.Path, poll, Timeout(steps, hook), ended);
        steps.Call("end the hook", hook.Path, SyscallNumber.Kill, copy, SignalDispositions.Kill);
        steps.Mark(ended);
        steps.Call("wait for the hook", hook.Path, SyscallNumber.Wait4, copy, StepList.Address(status), 0, 0);
        steps.ExpectZero(Step, hook.Path, status);
    }

    /// <summary>The steps of the copy, up to its execve.</summary>
    public static void AddProgram(StepList steps, OciHook hook, SafeFileHandle state)
    {
        const int setMask = 2, closeRangeCloseOnExec = 4;
        var words = "start the hook";
        steps.Call(words, hook.Path, SyscallNumber.Lseek, state, 0, 0);
        steps.Call(words, hook.Path, SyscallNumber.Dup3, state, 0, 0);
        steps.Call(words, hook.Path, SyscallNumber.CloseRange, 3, uint.MaxValue, closeRangeCloseOnExec).Tolerating(Errno.ENOSYS, Errno.EINVAL);
        steps.Call(words, hook.Path, SyscallNumber.RtSigprocmask, setMask, StepList.Address(steps.Allocate<ulong>()), 0, SignalDispositions.SetSize);
        steps.Call(
            words, hook.Path, SyscallNumber.Execve,
            steps.TextArgument(hook.Path), StepList.Address(steps.Vector(hook.Args is { Length: > 0 } args ? args : [hook.Path])), StepList.Address(steps.Vector(hook.Env ?? [])));
    }

    private static long* Timeout(StepList steps, OciHook hook)
    {
        if (hook.Timeout is not { } seconds)
        {
            return null;
        }

        var span = steps.Allocate<long>(2);
        span[0] = seconds;
        return span;
    }
}
