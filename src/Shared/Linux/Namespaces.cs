using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>The calling thread's namespaces: unshare(2), setns(2). Kinds are CLONE_NEW* bits.</summary>
public static class Namespaces
{
    /// <exception cref="ErrnoException">EPERM: no CAP_SYS_ADMIN. ENOSPC: user.max_*_namespaces.</exception>
    public static void Unshare(uint kinds) => Syscall.Check(KernelCall.Invoke(SyscallNumber.Unshare, (nint)kinds), "unshare");

    /// <param name="descriptor">Of a namespace (/proc/PID/ns/x), or of a process, whose namespaces of those kinds are entered.</param>
    /// <exception cref="ErrnoException">EINVAL: not such a namespace. EPERM.</exception>
    public static void Enter(SafeFileHandle descriptor, uint kinds)
        => Syscall.Check(KernelCall.Invoke(SyscallNumber.Setns, descriptor.Fd(), (nint)kinds), "setns");
}
