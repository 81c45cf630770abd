namespace Berth.Shared.Linux;

/// <summary>prctl(2) on the calling process.</summary>
public static class ProcessControl
{
    private const int Dumpable = 4, ChildSubreaper = 36;

    /// <summary>Whether others of the same user may trace it, and the kernel write its memory to a core file.</summary>
    public static void SetDumpable(bool allowed) => Syscall.Check(KernelCall.Invoke(SyscallNumber.Prctl, Dumpable, allowed ? 1 : 0), "prctl");

    /// <summary>Orphans below this process become its children.</summary>
    public static void SetChildSubreaper() => Syscall.Check(KernelCall.Invoke(SyscallNumber.Prctl, ChildSubreaper, 1), "prctl");
}
