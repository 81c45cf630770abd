using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Signal masks and dispositions of this process by the kernel's own calls, which also see what the runtime keeps to itself.</summary>
public static unsafe class SignalDispositions
{
    /// <summary>Signals 1 to 64, a bit each.</summary>
    public const int SetSize = 8;

    public const int Count = 64;

    public const int Kill = 9, Terminate = 15, Child = 17;

    private const int SetMask = 2;

    /// <summary>struct sigaction of the kernel: handler, flags, restorer, mask.</summary>
    public const int ActionSize = 32;

    /// <summary>Replaces the calling thread's mask of blocked signals and returns the one before.</summary>
    public static ulong SetBlocked(ulong mask)
    {
        ulong old;
        Syscall.Check(KernelCall.Invoke(SyscallNumber.RtSigprocmask, SetMask, (nint)(&mask), (nint)(&old), SetSize), "sigprocmask");
        return old;
    }

    /// <summary>The signals that are ignored, which an execve would hand on.</summary>
    public static IReadOnlyList<int> Ignored()
    {
        var ignored = new List<int>();
        var action = stackalloc byte[ActionSize];
        for (var signal = 1; signal <= Count; signal++)
        {
            if (KernelCall.Invoke(SyscallNumber.RtSigaction, signal, 0, (nint)action, SetSize) >= 0 && *(nint*)action == 1)
            {
                ignored.Add(signal);
            }
        }

        return ignored;
    }

    /// <summary>A descriptor that gives the blocked signals of the mask, non-blocking; signalfd(2).</summary>
    public static SafeFileHandle OpenDescriptor(ulong mask)
        => Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.Signalfd4, -1, (nint)(&mask), SetSize, OpenFlags.CloseOnExec | OpenFlags.NonBlocking), "signalfd");

    /// <summary>The next signal; 0 when there is none.</summary>
    public static int ReadDescriptor(SafeFileHandle descriptor)
    {
        var info = stackalloc int[32]; // struct signalfd_siginfo: 128 bytes, the number first
        return KernelCall.Invoke(SyscallNumber.Read, descriptor.Fd(), (nint)info, 128) == 128 ? info[0] : 0;
    }
}
