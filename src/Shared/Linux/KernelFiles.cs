using System.Buffers;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Reads and writes the small text files of procfs, sysfs and cgroupfs: one open, one write, errno kept.</summary>
/// <remarks>File.WriteAllText loses the error number, and a kernel file wants its value in a single write(2).</remarks>
public static class KernelFiles
{
    private const int O_WRONLY = 1, O_NONBLOCK = 0x800;

    /// <summary>The whole file as text.</summary>
    /// <exception cref="ErrnoException">ENOENT: no such file. ENODEV: its object has gone between open and read.</exception>
    public static string ReadText(string path)
    {
        var fd = Open(path, Libc.O_CLOEXEC);
        try
        {
            return Encoding.UTF8.GetString(ReadAll(fd, path));
        }
        finally
        {
            _ = Libc.close_fd(fd);
        }
    }

    /// <summary>The whole file as text, or null when the file, or what it describes, isn't there (ENOENT, ENODEV, ESRCH, EOPNOTSUPP).</summary>
    public static string? ReadTextOrNull(string path)
    {
        try
        {
            return ReadText(path);
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV or Errno.ESRCH or Errno.EOPNOTSUPP)
        {
            return null;
        }
    }

    /// <summary>Writes <paramref name="text"/> by one write(2).</summary>
    /// <exception cref="ErrnoException">ENOENT: no such file. EINVAL, ERANGE: the kernel refuses the value. EBUSY: it can't be set now.</exception>
    public static void WriteText(string path, string text) => WriteTexts(path, [text]);

    /// <summary>Writes each text by a write(2) of its own, through one descriptor: for files whose every write is a command.</summary>
    /// <exception cref="ErrnoException">As <see cref="WriteText"/>.</exception>
    public static void WriteTexts(string path, IReadOnlyList<string> texts)
    {
        if (texts.Count == 0)
        {
            return;
        }

        var fd = Open(path, O_WRONLY | Libc.O_CLOEXEC);
        try
        {
            foreach (var text in texts)
            {
                Write(fd, text, path);
            }
        }
        finally
        {
            _ = Libc.close_fd(fd);
        }
    }

    /// <summary>The path without links, as realpath(3); the kernel's own view of what the path leads to.</summary>
    /// <exception cref="ErrnoException">ENOENT, ENOTDIR, ELOOP.</exception>
    public static string RealPath(string path)
    {
        using var found = FilesAt.Open(path, OpenFlags.PathOnly);
        using var link = FilesAt.Open($"/proc/self/fd/{found.Fd()}", OpenFlags.PathOnly | OpenFlags.NoFollow);
        return FilesAt.ReadLink(link);
    }

    public static bool Exists(string path) => File.Exists(path) || System.IO.Directory.Exists(path);

    /// <summary>A directory as a descriptor for *at calls and clone3(2); owned by the caller.</summary>
    /// <exception cref="ErrnoException">ENOENT, ENOTDIR.</exception>
    public static SafeFileHandle OpenDirectory(string path)
        => Syscall.CheckFd(Libc.open_path(path, Libc.O_CLOEXEC | Libc.O_DIRECTORY, 0), "open", path);

    /// <summary>A file for reading, without blocking; owned by the caller.</summary>
    /// <exception cref="ErrnoException">ENOENT, EPERM.</exception>
    public static SafeFileHandle OpenForPolling(string path)
        => Syscall.CheckFd(Libc.open_path(path, Libc.O_CLOEXEC | O_NONBLOCK, 0), "open", path);

    /// <summary>One read(2); null when nothing is there now (EAGAIN), empty at the end.</summary>
    /// <exception cref="ErrnoException">EPIPE: /dev/kmsg has lost messages since the last read.</exception>
    public static unsafe int? ReadOnce(SafeFileHandle file, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var count = Libc.read_fd(file.Fd(), start, (nuint)buffer.Length);
                if (count >= 0)
                {
                    return (int)count;
                }

                switch (Syscall.LastErrno)
                {
                    case Errno.EINTR:
                        continue;
                    case Errno.EAGAIN:
                        return null;
                    default:
                        Syscall.Check(count, "read");
                        break;
                }
            }
        }
    }

    /// <summary>A short file (below 4 KiB) read once more through the same descriptor; empty when what it describes has gone.</summary>
    /// <exception cref="ErrnoException">EIO.</exception>
    public static unsafe string ReadFromStart(SafeFileHandle file)
    {
        var buffer = stackalloc byte[4096];
        nint count;
        do
        {
            count = Libc.pread_fd(file.Fd(), buffer, 4096, 0);
        }
        while (count < 0 && Syscall.LastErrno == Errno.EINTR);

        return count < 0 && Syscall.LastErrno == Errno.ENODEV ? "" : Encoding.UTF8.GetString(buffer, (int)Syscall.Check(count, "read"));
    }

    private static int Open(string path, int flags)
    {
        while (true)
        {
            var fd = Libc.open_path(path, flags, 0);
            if (fd >= 0 || Syscall.LastErrno != Errno.EINTR)
            {
                return Syscall.Check(fd, "open", path);
            }
        }
    }

    private static unsafe void Write(int fd, string text, string path)
    {
        fixed (byte* start = Encoding.UTF8.GetBytes(text))
        {
            nint written;
            do
            {
                written = Libc.write_fd(fd, start, (nuint)Encoding.UTF8.GetByteCount(text));
            }
            while (written < 0 && Syscall.LastErrno == Errno.EINTR);

            Syscall.Check(written, "write", path);
        }
    }

    private static unsafe byte[] ReadAll(int fd, string path)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            var filled = 0;
            while (true)
            {
                if (filled == buffer.Length)
                {
                    var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
                    buffer.AsSpan(0, filled).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                nint count;
                fixed (byte* start = buffer)
                {
                    count = Libc.read_fd(fd, start + filled, (nuint)(buffer.Length - filled));
                }

                if (count == 0)
                {
                    return buffer.AsSpan(0, filled).ToArray();
                }

                if (count < 0 && Syscall.LastErrno == Errno.EINTR)
                {
                    continue;
                }

                filled += (int)Syscall.Check(count, "read", path);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
