namespace Berth.Shared.Linux;

/// <summary>mount(2) and umount2(2), for what the descriptor calls of <see cref="MountApi"/> don't do.</summary>
public static unsafe class Mounts
{
    private const int RecursiveFlag = 16384, Detach = 2;

    public static void Mount(string source, string target, string type, string? data)
    {
        fixed (byte* from = KernelCall.Z(source), to = KernelCall.Z(target), fs = KernelCall.Z(type), options = data is null ? null : KernelCall.Z(data))
        {
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Mount, (nint)from, (nint)to, (nint)fs, 0, (nint)options), "mount", $"{type} on {target}");
        }
    }

    /// <summary>Whether mounts made here are seen by, and come from, copies of this mount; mount_namespaces(7).</summary>
    public static void ChangePropagation(string target, MountPropagation propagation, bool below)
    {
        fixed (byte* to = KernelCall.Z(target))
        {
            var flags = (nint)propagation | (below ? RecursiveFlag : 0);
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Mount, 0, (nint)to, 0, flags), "mount", target);
        }
    }

    /// <summary>Detaches the mount at once; it ends when nobody uses it any more.</summary>
    public static void Unmount(string target)
    {
        fixed (byte* to = KernelCall.Z(target))
        {
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Umount2, (nint)to, Detach), "umount", target);
        }
    }
}
