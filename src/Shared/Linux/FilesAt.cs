using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>The part of statx(2) that Berth looks at.</summary>
public readonly record struct FileFacts(uint Mode, uint Uid, uint Gid, uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    public bool IsDirectory => (Mode & OpenFlags.TypeMask) == OpenFlags.DirectoryType;

    public bool IsSymlink => (Mode & OpenFlags.TypeMask) == OpenFlags.Symlink;

    public bool IsCharacterDevice => (Mode & OpenFlags.TypeMask) == OpenFlags.CharacterDevice;
}

/// <summary>Files by descriptor and relative name: open, make, look at. All descriptors are close-on-exec.</summary>
public static unsafe class FilesAt
{
    private const int StatxBasicStats = 0x7FF;

    /// <summary>openat(2), following links wherever they lead: for the host's own paths only.</summary>
    public static SafeFileHandle Open(string path, int flags, uint mode = 0) => Open(OpenFlags.CurrentDirectory, path, flags, mode);

    /// <inheritdoc cref="Open(string, int, uint)"/>
    public static SafeFileHandle Open(int directory, string path, int flags, uint mode = 0)
    {
        fixed (byte* name = KernelCall.Z(path))
        {
            return Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.Openat, directory, (nint)name, flags | OpenFlags.CloseOnExec, (nint)mode), "open", path);
        }
    }

    /// <summary>openat2(2): <paramref name="resolve"/> of RESOLVE_* says which links may be followed and how far up.</summary>
    /// <exception cref="ErrnoException">ENOENT, ELOOP: a link where none may be. EXDEV: it leads out. EAGAIN: something was renamed meanwhile.</exception>
    public static SafeFileHandle OpenBeneath(SafeFileHandle root, string path, int flags, ulong resolve, uint mode = 0)
        => Syscall.CheckFd(TryOpenBeneath(root.Fd(), path, flags, resolve, mode), "openat2", path);

    /// <summary>As <see cref="OpenBeneath"/>; -1 where it would throw, with <see cref="Syscall.LastErrno"/>.</summary>
    public static int TryOpenBeneath(int root, string path, int flags, ulong resolve, uint mode = 0)
    {
        var how = new OpenHow { Flags = (ulong)(flags | OpenFlags.CloseOnExec), Mode = mode, Resolve = resolve };
        fixed (byte* name = KernelCall.Z(path))
        {
            // EAGAIN: the kernel could not exclude that a rename moved ".." out of the root while it walked; it asks to try again.
            for (var attempt = 0; ; attempt++)
            {
                var fd = (int)KernelCall.Invoke(SyscallNumber.Openat2, root, (nint)name, (nint)(&how), sizeof(OpenHow));
                if (fd >= 0 || Syscall.LastErrno != Errno.EAGAIN || attempt == 32)
                {
                    return fd;
                }
            }
        }
    }

    /// <exception cref="ErrnoException">EEXIST. EROFS.</exception>
    public static void MakeDirectory(SafeFileHandle directory, string name, uint mode)
    {
        fixed (byte* path = KernelCall.Z(name))
        {
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Mkdirat, directory.Fd(), (nint)path, (nint)mode), "mkdir", name);
        }
    }

    /// <summary>mknodat(2); the mode carries the type, and the umask takes its share.</summary>
    /// <exception cref="ErrnoException">EEXIST. EPERM: no CAP_MKNOD, or in a user namespace.</exception>
    public static void MakeNode(SafeFileHandle directory, string name, uint mode, uint major = 0, uint minor = 0)
    {
        // MKDEV of linux/kdev_t.h in the form that new_decode_dev takes apart.
        var device = (minor & 0xFF) | (major << 8) | ((minor & ~0xFFu) << 12);
        fixed (byte* path = KernelCall.Z(name))
        {
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Mknodat, directory.Fd(), (nint)path, (nint)mode, (nint)device), "mknod", name);
        }
    }

    /// <exception cref="ErrnoException">EEXIST. EROFS.</exception>
    public static void MakeSymlink(string target, SafeFileHandle directory, string name)
    {
        fixed (byte* to = KernelCall.Z(target), path = KernelCall.Z(name))
        {
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Symlinkat, (nint)to, directory.Fd(), (nint)path), "symlink", name);
        }
    }

    /// <summary>The target of the link that <paramref name="link"/> (opened O_PATH | O_NOFOLLOW) is.</summary>
    public static string ReadLink(SafeFileHandle link)
    {
        const int pathMax = 4096;
        var buffer = stackalloc byte[pathMax];
        byte empty = 0;
        var length = Syscall.Check(KernelCall.Invoke(SyscallNumber.Readlinkat, link.Fd(), (nint)(&empty), (nint)buffer, pathMax), "readlink");
        return Encoding.UTF8.GetString(buffer, (int)length);
    }

    /// <summary>One more descriptor of the same open file.</summary>
    public static SafeFileHandle Duplicate(SafeFileHandle file)
    {
        const int duplicateCloseOnExec = 1030;
        return Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.Fcntl, file.Fd(), duplicateCloseOnExec, 0), "fcntl");
    }

    /// <summary>What the descriptor is open on.</summary>
    public static FileFacts Stat(SafeFileHandle file)
    {
        byte empty = 0;
        return Stat(file.Fd(), &empty, OpenFlags.AtEmptyPath, target: null);
    }

    /// <summary>What the path names, the last link followed.</summary>
    public static FileFacts Stat(string path)
    {
        fixed (byte* name = KernelCall.Z(path))
        {
            return Stat(OpenFlags.CurrentDirectory, name, 0, path);
        }
    }

    private static FileFacts Stat(int directory, byte* name, int flags, string? target)
    {
        var facts = default(StatxBuffer);
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Statx, directory, (nint)name, flags, StatxBasicStats, (nint)(&facts)), "stat", target);
        return new FileFacts(facts.Mode, facts.Uid, facts.Gid, facts.RdevMajor, facts.RdevMinor, facts.Inode);
    }

    public static void ChangeOwner(SafeFileHandle file, uint uid, uint gid)
    {
        byte empty = 0; // fchownat takes descriptors opened O_PATH too
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Fchownat, file.Fd(), (nint)(&empty), (nint)uid, (nint)gid, OpenFlags.AtEmptyPath), "chown");
    }

    /// <summary>Also for descriptors opened O_PATH, which fchmod(2) refuses.</summary>
    public static void ChangeMode(SafeFileHandle file, uint mode)
    {
        fixed (byte* path = KernelCall.Z($"/proc/self/fd/{file.Fd()}"))
        {
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Fchmodat, OpenFlags.CurrentDirectory, (nint)path, (nint)mode), "chmod");
        }
    }

    /// <summary>umask(2) of this process; returns the one before.</summary>
    public static uint SetUmask(uint mask) => (uint)KernelCall.Invoke(SyscallNumber.Umask, (nint)mask);

    /// <summary>The magic number of the file system, linux/magic.h.</summary>
    public static ulong FileSystemMagic(SafeFileHandle file)
    {
        var buffer = stackalloc ulong[16]; // struct statfs is 120 bytes with f_type first, on all 64-bit architectures
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Fstatfs, file.Fd(), (nint)buffer), "fstatfs");
        return buffer[0];
    }

    /// <summary>ST_* of the mount that the file was opened through; fstatfs(2).</summary>
    public static ulong MountFlags(SafeFileHandle file)
    {
        const int flagsAt = 10; // f_flags of struct statfs, in words of 8 bytes
        var buffer = stackalloc ulong[16];
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Fstatfs, file.Fd(), (nint)buffer), "fstatfs");
        return buffer[flagsAt];
    }

    /// <summary>A pipe: what is written to the second comes out of the first.</summary>
    public static (SafeFileHandle Read, SafeFileHandle Write) Pipe()
    {
        var ends = stackalloc int[2];
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Pipe2, (nint)ends, OpenFlags.CloseOnExec), "pipe");
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>A file in memory without a name in any directory; memfd_create(2).</summary>
    public static SafeFileHandle MemoryFile(string name)
    {
        const int closeOnExec = 1;
        fixed (byte* text = KernelCall.Z(name))
        {
            return Syscall.CheckFd(KernelCall.Invoke(SyscallNumber.MemfdCreate, (nint)text, closeOnExec), "memfd_create");
        }
    }

    /// <summary>Makes reads and writes fail with EAGAIN in place of waiting, for every holder of this open file.</summary>
    public static void SetNonBlocking(SafeFileHandle file)
    {
        const int getFlags = 3, setFlags = 4;
        var flags = Syscall.Check(KernelCall.Invoke(SyscallNumber.Fcntl, file.Fd(), getFlags), "fcntl");
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Fcntl, file.Fd(), setFlags, flags | OpenFlags.NonBlocking), "fcntl");
    }

    /// <summary>Writes the bytes in one write(2), as the files of procfs want it.</summary>
    public static void WriteOnce(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = Open(path, OpenFlags.WriteOnly);
        fixed (byte* start = bytes)
        {
            Syscall.Check(KernelCall.Invoke(SyscallNumber.Write, file.Fd(), (nint)start, bytes.Length), "write", path);
        }
    }

    /// <summary>struct open_how of linux/openat2.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    /// <summary>struct statx of linux/stat.h, up to what we read; the kernel writes all 256 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct StatxBuffer
    {
        [FieldOffset(20)] public uint Uid;
        [FieldOffset(24)] public uint Gid;
        [FieldOffset(28)] public ushort Mode;
        [FieldOffset(32)] public ulong Inode;
        [FieldOffset(128)] public uint RdevMajor;
        [FieldOffset(132)] public uint RdevMinor;
    }
}
