using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Puts an unattached mount of <see cref="MountApi"/> at a path of this mount namespace; move_mount(2).</summary>
public static unsafe class MountAttachment
{
    /// <exception cref="ErrnoException">ENOENT: no such path. EINVAL: the mount is attached already.</exception>
    public static void Attach(SafeFileHandle mount, string target)
    {
        byte empty = 0;
        fixed (byte* to = KernelCall.Z(target))
        {
            Syscall.Check(
                KernelCall.Invoke(SyscallNumber.MoveMount, mount.Fd(), (nint)(&empty), OpenFlags.CurrentDirectory, (nint)to, MountApi.MoveFromFd),
                "move_mount",
                target);
        }
    }

    /// <summary>As <see cref="Attach(SafeFileHandle, string)"/>, at what a descriptor is open on.</summary>
    public static void Attach(SafeFileHandle mount, SafeFileHandle target)
    {
        byte empty = 0;
        Syscall.Check(
            KernelCall.Invoke(SyscallNumber.MoveMount, mount.Fd(), (nint)(&empty), target.Fd(), (nint)(&empty), MountApi.MoveFromFd | MountApi.MoveToFd), "move_mount");
    }
}
