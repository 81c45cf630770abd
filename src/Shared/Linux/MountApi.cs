using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>MOUNT_ATTR_* of linux/mount.h.</summary>
[Flags]
public enum MountAttributes : ulong
{
    None = 0,
    ReadOnly = 0x1,
    NoSuid = 0x2,
    NoDevices = 0x4,
    NoExec = 0x8,
    NoAccessTime = 0x10,
    StrictAccessTime = 0x20,
    AccessTimeMask = 0x70,
    NoDirectoryAccessTime = 0x80,
    IdMap = 0x00100000,
    NoSymlinkFollow = 0x00200000,
}

/// <summary>The propagation types of mount_namespaces(7), as MS_* numbers.</summary>
public enum MountPropagation : ulong
{
    Unchanged = 0,
    Unbindable = 1 << 17,
    Private = 1 << 18,
    Slave = 1 << 19,
    Shared = 1 << 20,
}

/// <summary>
/// Mounts as descriptors: made, configured and filled before anything is attached anywhere; an unattached one goes away with its last descriptor.
/// fsopen(2), fsconfig(2), fsmount(2), open_tree(2), mount_setattr(2), move_mount(2).
/// </summary>
public static unsafe class MountApi
{
    public const int FsopenCloseOnExec = 1, FsmountCloseOnExec = 1, OpenTreeClone = 1;

    public const int SetFlag = 0, SetString = 1, SetFd = 5, CmdCreate = 6;

    /// <summary>MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH.</summary>
    public const int MoveFromFd = 0x4, MoveToFd = 0x40;

    /// <summary>A context in which one superblock is configured.</summary>
    /// <exception cref="ErrnoException">ENODEV: the kernel doesn't know the type. ENOSYS: Linux before 5.2.</exception>
    public static SafeFileHandle OpenFileSystem(string type)
    {
        fixed (byte* name = KernelCall.Z(type))
        {
            return Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.Fsopen, (nint)name, FsopenCloseOnExec), "fsopen", type);
        }
    }

    /// <exception cref="ErrnoException">EINVAL: not an option of this file system, or not such a value.</exception>
    public static void Configure(SafeFileHandle context, string key, string? value)
    {
        fixed (byte* name = KernelCall.Z(key), text = value is null ? null : KernelCall.Z(value))
        {
            var command = value is null ? SetFlag : SetString;
            if (KernelCall.Invoke(SyscallNumber.Fsconfig, context.Fd(), command, (nint)name, (nint)text) < 0)
            {
                throw Explain(context, Syscall.LastErrno, value is null ? key : $"{key}={value}");
            }
        }
    }

    /// <summary>Gives a directory by descriptor; of overlay's options, those of layers, since Linux 6.13.</summary>
    public static void Configure(SafeFileHandle context, string key, SafeFileHandle value)
    {
        fixed (byte* name = KernelCall.Z(key))
        {
            if (KernelCall.Invoke(SyscallNumber.Fsconfig, context.Fd(), SetFd, (nint)name, 0, value.Fd()) < 0)
            {
                throw Explain(context, Syscall.LastErrno, key);
            }
        }
    }

    /// <summary>Makes the superblock and an unattached mount of it.</summary>
    public static SafeFileHandle Mount(SafeFileHandle context, MountAttributes attributes, string target)
    {
        if (KernelCall.Invoke(SyscallNumber.Fsconfig, context.Fd(), CmdCreate) < 0)
        {
            throw Explain(context, Syscall.LastErrno, target);
        }

        return Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.Fsmount, context.Fd(), FsmountCloseOnExec, (nint)attributes), "fsmount", target);
    }

    /// <summary>An unattached copy of the mount at the path, and with <paramref name="recursive"/> of those below it.</summary>
    /// <exception cref="ErrnoException">ENOENT: no such path. EINVAL: the mount is unbindable.</exception>
    public static SafeFileHandle CloneTree(string path, bool recursive)
    {
        fixed (byte* name = KernelCall.Z(path))
        {
            var flags = OpenTreeClone | OpenFlags.CloseOnExec | (recursive ? OpenFlags.AtRecursive : 0);
            return Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.OpenTree, OpenFlags.CurrentDirectory, (nint)name, flags), "open_tree", path);
        }
    }

    /// <summary>The mount at the path itself, such as an unattached one that /proc/PID/fd leads to.</summary>
    public static SafeFileHandle OpenTree(string path)
    {
        fixed (byte* name = KernelCall.Z(path))
        {
            return Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.OpenTree, OpenFlags.CurrentDirectory, (nint)name, OpenFlags.CloseOnExec), "open_tree", path);
        }
    }

    /// <summary>An unattached copy of the mount that the descriptor is on, from the file it names on.</summary>
    /// <exception cref="ErrnoException">EINVAL: the mount is unbindable, or of another mount namespace than the calling thread's.</exception>
    public static SafeFileHandle CloneTree(SafeFileHandle file)
    {
        byte empty = 0;
        return Syscall.CheckFd(
            KernelCall.Invoke(SyscallNumber.OpenTree, file.Fd(), (nint)(&empty), OpenTreeClone | OpenFlags.CloseOnExec | OpenFlags.AtEmptyPath), "open_tree");
    }

    /// <summary>Changes what a mount allows; of an unattached one, or one of this mount namespace.</summary>
    /// <param name="userNamespace">With <see cref="MountAttributes.IdMap"/>: whose mapping the mount shows.</param>
    /// <exception cref="ErrnoException">EINVAL: the file system can't be id-mapped, or an attribute this kernel doesn't know. ENOSYS: Linux before 5.12.</exception>
    public static void SetAttributes(
        SafeFileHandle mount, MountAttributes set, MountAttributes clear, MountPropagation propagation, bool recursive, string target, SafeFileHandle? userNamespace = null)
    {
        var attributes = new Attributes { Set = (ulong)set, Clear = (ulong)clear, Propagation = (ulong)propagation, UserNamespaceFd = (ulong)(userNamespace?.Fd() ?? 0) };
        byte empty = 0;
        var flags = OpenFlags.AtEmptyPath | (recursive ? OpenFlags.AtRecursive : 0);
        Syscall.Check(KernelCall.Invoke(SyscallNumber.MountSetattr, mount.Fd(), (nint)(&empty), flags, (nint)(&attributes), sizeof(Attributes)), "mount_setattr", target);
    }

    /// <summary>The kernel's own words, where the context has some: they tell which option it dislikes.</summary>
    private static ErrnoException Explain(SafeFileHandle context, Errno errno, string target)
    {
        var words = stackalloc byte[512];
        var length = (int)Libc.syscall(SyscallNumber.Read, context.Fd(), (nint)words, 512, 0, 0, 0);
        if (length <= 2)
        {
            return new ErrnoException(errno, "fsconfig", target);
        }

        // "e overlay: ..." for an error, "w ..." and "i ..." for lesser ones.
        var text = System.Text.Encoding.UTF8.GetString(words + 2, length - 2).Trim();
        return new ErrnoException(errno, "fsconfig", $"{target} ({text})");
    }

    /// <summary>struct mount_attr of linux/mount.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Attributes
    {
        public ulong Set;
        public ulong Clear;
        public ulong Propagation;
        public ulong UserNamespaceFd;
    }
}
