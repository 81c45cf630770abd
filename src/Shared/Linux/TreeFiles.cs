using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// Files below an open directory, by names that are bytes: for trees whose contents are foreign, such as image layers. A name is one component or
/// a relative path, without NUL at its end; only the methods that say so follow a symbolic link, and then never out of the root they are given.
/// </summary>
public static unsafe class TreeFiles
{
    private const int MaximumPath = 4095;
    private const ulong ResolveNoMagicLinks = 0x02, ResolveInRoot = 0x10;

    /// <summary>Opens a directory of our own by its path, for reading and as the root of the *at calls.</summary>
    /// <exception cref="ErrnoException">ENOENT, ENOTDIR, EACCES.</exception>
    public static SafeFileHandle OpenDirectory(string path)
        => Syscall.CheckFd(Libc.open_path(path, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0), "open", path);

    /// <summary>Opens the directory at <paramref name="path"/>, following links as a process with that root would; openat2(2), RESOLVE_IN_ROOT.</summary>
    /// <param name="path">Empty for the root itself.</param>
    /// <param name="followLast">Whether a link at the very end is followed too.</param>
    /// <exception cref="ErrnoException">ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG.</exception>
    public static SafeFileHandle OpenDirectoryInRoot(SafeFileHandle root, ReadOnlySpan<byte> path, bool followLast = true)
        => Syscall.CheckFd(OpenInRoot(root, path, Libc.O_RDONLY | Libc.O_DIRECTORY | (followLast ? 0 : Libc.O_NOFOLLOW)), "openat2", Show(path));

    /// <summary>As <see cref="OpenDirectoryInRoot"/>; null with the error where there is none to open.</summary>
    public static SafeFileHandle? TryOpenDirectoryInRoot(SafeFileHandle root, ReadOnlySpan<byte> path, out Errno errno)
    {
        var fd = OpenInRoot(root, path, Libc.O_RDONLY | Libc.O_DIRECTORY);
        errno = fd < 0 ? Syscall.LastErrno : Errno.None;
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Opens a regular file for reading, following links within the root.</summary>
    /// <exception cref="ErrnoException">ENOENT, ENOTDIR, ELOOP.</exception>
    public static SafeFileHandle OpenFileInRoot(SafeFileHandle root, ReadOnlySpan<byte> path)
        => Syscall.CheckFd(OpenInRoot(root, path, Libc.O_RDONLY | Libc.O_NONBLOCK), "openat2", Show(path));

    /// <summary>Opens a directory that is an entry of <paramref name="directory"/>.</summary>
    /// <exception cref="ErrnoException">ENOENT; ENOTDIR, also for a link.</exception>
    public static SafeFileHandle OpenSubdirectory(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            return Syscall.CheckFd(
                Libc.openat_bytes(directory.Fd(), terminated, Libc.O_RDONLY | Libc.O_DIRECTORY | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0), "openat", Show(name));
        }
    }

    /// <summary>Opens an entry of <paramref name="directory"/> for reading.</summary>
    /// <exception cref="ErrnoException">ENOENT; ELOOP: a link.</exception>
    public static SafeFileHandle OpenFile(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            return Syscall.CheckFd(
                Libc.openat_bytes(directory.Fd(), terminated, Libc.O_RDONLY | Libc.O_NONBLOCK | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, 0), "openat", Show(name));
        }
    }

    /// <summary>Makes a new regular file and opens it for writing.</summary>
    /// <returns>Null when something of that name is there already.</returns>
    /// <exception cref="ErrnoException">ENOSPC, EDQUOT, ENAMETOOLONG.</exception>
    public static SafeFileHandle? TryCreateFile(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode)
    {
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            var fd = Libc.openat_bytes(directory.Fd(), terminated, Libc.O_WRONLY | Libc.O_CREAT | Libc.O_EXCL | Libc.O_NOFOLLOW | Libc.O_CLOEXEC, mode);
            return fd < 0 && Syscall.LastErrno == Errno.EEXIST ? null : Syscall.CheckFd(fd, "openat", Show(name));
        }
    }

    /// <returns>False when something of that name is there already.</returns>
    public static bool TryMakeDirectory(SafeFileHandle directory, ReadOnlySpan<byte> name, uint mode)
    {
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            return Made(Libc.mkdirat_bytes(directory.Fd(), terminated, mode), "mkdirat", name);
        }
    }

    /// <inheritdoc cref="TryMakeDirectory"/>
    public static bool TryMakeNode(SafeFileHandle directory, ReadOnlySpan<byte> name, FileKind kind, uint permissions, uint major = 0, uint minor = 0)
    {
        // makedev(3): the low twenty bits of the minor and the low twelve of the major are interleaved.
        var device = ((ulong)(major & 0xFFF) << 8) | ((ulong)(major & ~0xFFFu) << 32) | (minor & 0xFF) | ((ulong)(minor & ~0xFFu) << 12);
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            return Made(Libc.mknodat_bytes(directory.Fd(), terminated, (uint)kind | permissions, device), "mknodat", name);
        }
    }

    /// <inheritdoc cref="TryMakeDirectory"/>
    public static bool TryMakeSymlink(SafeFileHandle directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> target)
    {
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]), terminatedTarget = Terminate(target, stackalloc byte[Room(target)]))
        {
            return Made(Libc.symlinkat_bytes(terminatedTarget, directory.Fd(), terminated), "symlinkat", name);
        }
    }

    /// <summary>Makes a hard link; a symbolic link at <paramref name="oldName"/> is itself linked.</summary>
    /// <inheritdoc cref="TryMakeDirectory"/>
    /// <exception cref="ErrnoException">ENOENT: the old name. EPERM: it is a directory. EMLINK.</exception>
    public static bool TryLink(SafeFileHandle oldDirectory, ReadOnlySpan<byte> oldName, SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* terminatedOld = Terminate(oldName, stackalloc byte[Room(oldName)]), terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            return Made(Libc.linkat_bytes(oldDirectory.Fd(), terminatedOld, directory.Fd(), terminated, 0), "linkat", name);
        }
    }

    /// <exception cref="ErrnoException">ENOENT; EISDIR or EPERM: a directory.</exception>
    public static void RemoveFile(SafeFileHandle directory, ReadOnlySpan<byte> name) => Unlink(directory, name, 0);

    /// <exception cref="ErrnoException">ENOENT, ENOTDIR, ENOTEMPTY.</exception>
    public static void RemoveDirectory(SafeFileHandle directory, ReadOnlySpan<byte> name) => Unlink(directory, name, Libc.AT_REMOVEDIR);

    /// <summary>Removes an entry and, when it is a directory, all below it; nothing when it isn't there.</summary>
    public static void RemoveTree(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        if (TryStatus(directory, name) is not { } status)
        {
            return;
        }

        if (status.Kind != FileKind.Directory)
        {
            RemoveFile(directory, name);
            return;
        }

        using (var inner = OpenSubdirectory(directory, name))
        {
            foreach (var entry in ReadDirectory(inner))
            {
                // The type saves a call per file; a file system that doesn't tell it gets asked.
                if (entry.Kind is FileKind.Directory or FileKind.None)
                {
                    RemoveTree(inner, entry.Name);
                }
                else
                {
                    RemoveFile(inner, entry.Name);
                }
            }
        }

        RemoveDirectory(directory, name);
    }

    public static void Rename(SafeFileHandle oldDirectory, ReadOnlySpan<byte> oldName, SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* terminatedOld = Terminate(oldName, stackalloc byte[Room(oldName)]), terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            Syscall.Check(Libc.renameat_bytes(oldDirectory.Fd(), terminatedOld, directory.Fd(), terminated), "renameat", Show(name));
        }
    }

    /// <summary>Changes the owner of an entry, or of <paramref name="directory"/> itself when the name is empty; never of a link's target.</summary>
    public static void SetOwner(SafeFileHandle directory, ReadOnlySpan<byte> name, uint uid, uint gid)
    {
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            Syscall.Check(Libc.fchownat_bytes(directory.Fd(), terminated, uid, gid, Libc.AT_SYMLINK_NOFOLLOW | Libc.AT_EMPTY_PATH), "fchownat", Show(name));
        }
    }

    /// <summary>Changes the permission bits of an open file or directory.</summary>
    public static void SetPermissions(SafeFileHandle file, uint permissions) => Syscall.Check(Libc.fchmod_fd(file.Fd(), permissions), "fchmod");

    /// <summary>Changes the permission bits of an entry that is known not to be a link, such as a node just made.</summary>
    public static void SetPermissions(SafeFileHandle directory, ReadOnlySpan<byte> name, uint permissions)
    {
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            Syscall.Check(Libc.fchmodat_bytes(directory.Fd(), terminated, permissions, 0), "fchmodat", Show(name));
        }
    }

    /// <summary>Sets the times of an entry, or of <paramref name="directory"/> itself when the name is empty; never of a link's target.</summary>
    public static void SetTimes(SafeFileHandle directory, ReadOnlySpan<byte> name, FileTime accessed, FileTime modified)
    {
        var times = stackalloc Libc.TimeSpec[2];
        times[0] = new Libc.TimeSpec { Seconds = (nint)accessed.Seconds, Nanoseconds = (nint)accessed.Nanoseconds };
        times[1] = new Libc.TimeSpec { Seconds = (nint)modified.Seconds, Nanoseconds = (nint)modified.Nanoseconds };
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            // glibc's utimensat refuses an empty path without AT_EMPTY_PATH, and old kernels with it: a null path means the descriptor.
            var result = name.IsEmpty
                ? Libc.utimensat_bytes(directory.Fd(), null, times, 0)
                : Libc.utimensat_bytes(directory.Fd(), terminated, times, Libc.AT_SYMLINK_NOFOLLOW);
            if (result < 0 && name.IsEmpty && Syscall.LastErrno == Errno.EINVAL)
            {
                result = Libc.utimensat_bytes(directory.Fd(), terminated, times, Libc.AT_EMPTY_PATH);
            }

            Syscall.Check(result, "utimensat", Show(name));
        }
    }

    /// <summary>Sets an extended attribute of an open file or directory.</summary>
    /// <exception cref="ErrnoException">EOPNOTSUPP: not on this file system. EPERM: not on this kind of file. ENOSPC, E2BIG: too large.</exception>
    public static void SetAttribute(SafeFileHandle file, ReadOnlySpan<byte> attribute, ReadOnlySpan<byte> value)
    {
        fixed (byte* terminatedAttribute = Terminate(attribute, stackalloc byte[Room(attribute)]), bytes = NonNull(value))
        {
            Syscall.Check(Libc.fsetxattr_bytes(file.Fd(), terminatedAttribute, bytes, (nuint)value.Length, 0), "fsetxattr", Show(attribute));
        }
    }

    /// <summary>Sets an extended attribute of an entry, not following a link.</summary>
    /// <inheritdoc cref="SetAttribute(SafeFileHandle, ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>
    public static void SetAttribute(SafeFileHandle directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> attribute, ReadOnlySpan<byte> value)
    {
        // setxattrat(2) is as young as Linux 6.13; the way over /proc names the same open directory.
        fixed (byte* path = DescriptorPath(directory, name), terminatedAttribute = Terminate(attribute, stackalloc byte[Room(attribute)]), bytes = NonNull(value))
        {
            Syscall.Check(Libc.lsetxattr_bytes(path, terminatedAttribute, bytes, (nuint)value.Length, 0), "lsetxattr", Show(name));
        }
    }

    /// <summary>All extended attributes of an entry, or of <paramref name="directory"/> itself when the name is empty.</summary>
    public static IReadOnlyList<(byte[] Name, byte[] Value)> ReadAttributes(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        fixed (byte* path = DescriptorPath(directory, name))
        {
            var size = Libc.llistxattr_bytes(path, null, 0);
            if (size <= 0)
            {
                return size == 0 || Syscall.LastErrno == Errno.EOPNOTSUPP ? [] : throw new ErrnoException(Syscall.LastErrno, "llistxattr", Show(name));
            }

            var list = new byte[size];
            fixed (byte* buffer = list)
            {
                size = Syscall.Check(Libc.llistxattr_bytes(path, buffer, (nuint)list.Length), "llistxattr", Show(name));
            }

            var attributes = new List<(byte[], byte[])>();
            for (var rest = list.AsSpan(0, (int)size); !rest.IsEmpty;)
            {
                var end = rest.IndexOf((byte)0);
                attributes.Add((rest[..end].ToArray(), ReadAttribute(path, rest[..(end + 1)])));
                rest = rest[(end + 1)..];
            }

            return attributes;
        }
    }

    /// <summary>Removes an extended attribute of an entry, or of <paramref name="directory"/> itself when the name is empty; nothing when it isn't there.</summary>
    public static void RemoveAttribute(SafeFileHandle directory, ReadOnlySpan<byte> name, ReadOnlySpan<byte> attribute)
    {
        fixed (byte* path = DescriptorPath(directory, name), terminated = Terminate(attribute, stackalloc byte[Room(attribute)]))
        {
            if (Libc.lremovexattr_bytes(path, terminated) < 0 && Syscall.LastErrno != Errno.ENODATA)
            {
                throw new ErrnoException(Syscall.LastErrno, "lremovexattr", Show(name));
            }
        }
    }

    /// <summary>What is known of an entry, or of <paramref name="directory"/> itself when the name is empty; of a link, not its target.</summary>
    /// <returns>Null when it isn't there.</returns>
    public static FileStatus? TryStatus(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        Libc.Statx x;
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            if (Libc.statx_bytes(directory.Fd(), terminated, Libc.AT_SYMLINK_NOFOLLOW | Libc.AT_EMPTY_PATH, 0x7FF, &x) < 0)
            {
                var errno = Syscall.LastErrno;
                return errno is Errno.ENOENT or Errno.ENOTDIR ? null : throw new ErrnoException(errno, "statx", Show(name));
            }
        }

        return new FileStatus(
            x.Mode, x.Uid, x.Gid, x.Links, x.Inode, ((ulong)x.DevMajor << 32) | x.DevMinor, (long)x.Size, (long)x.Blocks,
            new FileTime(x.AccessTime.Seconds, x.AccessTime.Nanoseconds), new FileTime(x.ModifyTime.Seconds, x.ModifyTime.Nanoseconds),
            ((ulong)x.RdevMajor << 32) | x.RdevMinor);
    }

    public static byte[] ReadLink(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        var buffer = stackalloc byte[MaximumPath + 1];
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            var length = Syscall.Check(Libc.readlinkat_bytes(directory.Fd(), terminated, buffer, MaximumPath + 1), "readlinkat", Show(name));
            return new ReadOnlySpan<byte>(buffer, (int)length).ToArray();
        }
    }

    /// <summary>The entries but "." and "..", in the file system's order; a directory's descriptor can be read once.</summary>
    public static IReadOnlyList<DirectoryEntry> ReadDirectory(SafeFileHandle directory)
    {
        const int headerLength = 19; // struct linux_dirent64: ino 8, off 8, reclen 2, type 1, then the name
        var entries = new List<DirectoryEntry>();
        var buffer = new byte[32 * 1024];
        fixed (byte* bytes = buffer)
        {
            while (Syscall.Check(Libc.getdents64_bytes(directory.Fd(), bytes, (nuint)buffer.Length), "getdents64") is var length and > 0)
            {
                for (var rest = buffer.AsSpan(0, (int)length); !rest.IsEmpty;)
                {
                    int recordLength = MemoryMarshal.Read<ushort>(rest[16..]);
                    var name = rest[headerLength..recordLength];
                    name = name[..name.IndexOf((byte)0)];
                    if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
                    {
                        entries.Add(new DirectoryEntry(name.ToArray(), (FileKind)((uint)rest[18] << 12)));
                    }

                    rest = rest[recordLength..];
                }
            }
        }

        return entries;
    }

    /// <summary>Writes all of it at the given place.</summary>
    /// <exception cref="ErrnoException">ENOSPC, EDQUOT, EFBIG, EIO.</exception>
    public static void WriteAt(SafeFileHandle file, ReadOnlySpan<byte> content, long offset)
    {
        fixed (byte* bytes = content)
        {
            for (var done = 0; done < content.Length;)
            {
                var written = Libc.pwrite_bytes(file.Fd(), bytes + done, (nuint)(content.Length - done), offset + done);
                if (written < 0 && Syscall.LastErrno == Errno.EINTR)
                {
                    continue;
                }

                done += (int)Syscall.Check(written, "pwrite");
            }
        }
    }

    /// <summary>Makes the file this long; what was not written reads as zeros and takes no space.</summary>
    public static void SetLength(SafeFileHandle file, long length) => Syscall.Check(Libc.ftruncate_fd(file.Fd(), length), "ftruncate");

    /// <summary>Copies a whole file's content, sharing blocks where the file system can.</summary>
    public static void CopyContent(SafeFileHandle from, SafeFileHandle to)
    {
        while (true)
        {
            var copied = Libc.copy_file_range_fds(from.Fd(), null, to.Fd(), null, 1 << 30, 0);
            if (copied == 0)
            {
                return;
            }

            // Between two file systems, or on one that has no such call: nothing has been copied then.
            if (copied < 0 && Syscall.LastErrno is Errno.EXDEV or Errno.EINVAL or Errno.EOPNOTSUPP or Errno.ENOSYS)
            {
                CopyBytes(from, to);
                return;
            }

            Syscall.Check(copied, "copy_file_range");
        }
    }

    // Blocks of zeros stay holes.
    private static void CopyBytes(SafeFileHandle from, SafeFileHandle to)
    {
        var buffer = new byte[128 * 1024];
        long offset = 0;
        for (int count; (count = RandomAccess.Read(from, buffer, offset)) > 0; offset += count)
        {
            if (buffer.AsSpan(0, count).ContainsAnyExcept((byte)0))
            {
                WriteAt(to, buffer.AsSpan(0, count), offset);
            }
        }

        SetLength(to, offset);
    }

    /// <summary>Another descriptor for the same open file, close-on-exec; the caller owns it.</summary>
    public static SafeFileHandle Duplicate(SafeFileHandle file) => Syscall.CheckFd(Libc.fcntl_int(file.Fd(), Libc.F_DUPFD_CLOEXEC, 0), "fcntl");

    /// <summary>Puts everything written to the file system of this descriptor on stable storage; syncfs(2).</summary>
    /// <exception cref="ErrnoException">EIO, ENOSPC, EDQUOT: something written before was lost.</exception>
    public static void SyncFileSystem(SafeFileHandle any) => Syscall.Check(Libc.syncfs_fd(any.Fd()), "syncfs");

    /// <summary>Puts a file's or directory's own changes on stable storage; fsync(2).</summary>
    public static void Sync(SafeFileHandle file) => Syscall.Check(Libc.fsync_fd(file.Fd()), "fsync");

    /// <summary>
    /// Lets the calling thread make files with exactly the permissions it asks for. The thread must be its own (never the pool's): its umask and
    /// working directory are the process's no more; unshare(2), CLONE_FS.
    /// </summary>
    public static void ClearUmaskOfThisThread()
    {
        Syscall.Check(Libc.unshare_flags(Libc.CLONE_FS), "unshare");
        _ = Libc.umask_set(0);
    }

    private static int OpenInRoot(SafeFileHandle root, ReadOnlySpan<byte> path, int flags)
    {
        var how = new Libc.OpenHow { Flags = (ulong)(uint)(flags | Libc.O_CLOEXEC), Resolve = ResolveInRoot | ResolveNoMagicLinks };
        path = path.IsEmpty ? "."u8 : path;
        fixed (byte* terminated = Terminate(path, stackalloc byte[Room(path)]))
        {
            while (true)
            {
                var fd = Libc.openat2_bytes((nint)Libc.SYS_openat2, root.Fd(), terminated, &how, sizeof(Libc.OpenHow));

                // EAGAIN: something was renamed on the way while the kernel checked for "..".
                if (fd >= 0 || Syscall.LastErrno is not (Errno.EINTR or Errno.EAGAIN))
                {
                    return (int)fd;
                }
            }
        }
    }

    private static byte[] ReadAttribute(byte* path, ReadOnlySpan<byte> terminatedAttribute)
    {
        fixed (byte* attribute = terminatedAttribute)
        {
            var size = Syscall.Check(Libc.lgetxattr_bytes(path, attribute, null, 0), "lgetxattr", Show(terminatedAttribute[..^1]));
            var value = new byte[size];
            fixed (byte* buffer = NonNull(value))
            {
                size = Syscall.Check(Libc.lgetxattr_bytes(path, attribute, buffer, (nuint)value.Length), "lgetxattr", Show(terminatedAttribute[..^1]));
            }

            return size == value.Length ? value : value[..(int)size];
        }
    }

    private static void Unlink(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags)
    {
        fixed (byte* terminated = Terminate(name, stackalloc byte[Room(name)]))
        {
            Syscall.Check(Libc.unlinkat_bytes(directory.Fd(), terminated, flags), "unlinkat", Show(name));
        }
    }

    private static bool Made(int result, string call, ReadOnlySpan<byte> name)
    {
        if (result >= 0)
        {
            return true;
        }

        var errno = Syscall.LastErrno;
        return errno == Errno.EEXIST ? false : throw new ErrnoException(errno, call, Show(name));
    }

    // Asked before the stack is: a foreign name may be of any length.
    private static int Room(ReadOnlySpan<byte> name)
        => name.Length <= MaximumPath ? name.Length + 1 : throw new ErrnoException(Errno.ENAMETOOLONG, "path", Show(name[..64]) + "…");

    private static Span<byte> Terminate(ReadOnlySpan<byte> name, Span<byte> buffer)
    {
        if (name.Contains((byte)0))
        {
            throw new ErrnoException(Errno.EINVAL, "path", Show(name));
        }

        name.CopyTo(buffer);
        buffer[name.Length] = 0;
        return buffer;
    }

    private static byte[] DescriptorPath(SafeFileHandle directory, ReadOnlySpan<byte> name)
    {
        _ = Room(name);
        var prefix = Encoding.ASCII.GetBytes($"/proc/self/fd/{directory.Fd()}/");
        var path = new byte[prefix.Length + name.Length + (name.IsEmpty ? 2 : 1)];
        prefix.CopyTo(path, 0);
        if (name.IsEmpty)
        {
            path[prefix.Length] = (byte)'.';
        }
        else
        {
            Terminate(name, path.AsSpan(prefix.Length));
        }

        return path;
    }

    // An empty span's pointer is null, which setxattr takes for "no buffer" only when the size is zero too; getxattr asks for the size then.
    private static ReadOnlySpan<byte> NonNull(ReadOnlySpan<byte> value) => value.IsEmpty ? "\0"u8 : value;

    private static string Show(ReadOnlySpan<byte> name) => Encoding.UTF8.GetString(name);
}

/// <param name="Kind">None where the file system doesn't tell.</param>
public readonly record struct DirectoryEntry(byte[] Name, FileKind Kind);
