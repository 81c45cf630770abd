using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Opening and passing on descriptors.</summary>
public static unsafe class Descriptors
{
    /// <summary>A descriptor that stands for a directory and permits nothing else (O_PATH).</summary>
    /// <exception cref="ErrnoException">ENOENT, ENOTDIR, EACCES.</exception>
    public static SafeFileHandle OpenDirectory(string path)
        => Syscall.CheckFd(Libc.open_path(path, Libc.O_PATH | Libc.O_DIRECTORY | Libc.O_CLOEXEC, 0), "open", path);

    /// <summary>Two connected Unix stream sockets, both close-on-exec.</summary>
    /// <exception cref="ErrnoException">EMFILE, ENFILE.</exception>
    public static (SafeFileHandle, SafeFileHandle) SocketPair()
    {
        var pair = stackalloc int[2];
        Syscall.Check(Libc.socketpair_of(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0, pair), "socketpair");
        return (new SafeFileHandle(pair[0], ownsHandle: true), new SafeFileHandle(pair[1], ownsHandle: true));
    }

    /// <summary>Another descriptor of the same open file, close-on-exec.</summary>
    /// <exception cref="ErrnoException">EMFILE.</exception>
    public static SafeFileHandle Duplicate(SafeFileHandle handle)
        => Syscall.CheckFd(Libc.fcntl_int(handle.Fd(), Libc.F_DUPFD_CLOEXEC, 3), "fcntl F_DUPFD_CLOEXEC");

    /// <summary>Makes a pipe hold more; where that is not allowed it stays as it is.</summary>
    public static void EnlargePipe(SafeFileHandle pipe, int bytes) => _ = Libc.fcntl_int(pipe.Fd(), Libc.F_SETPIPE_SZ, bytes);

    /// <summary>Whether a read would not wait: something is there, or the end.</summary>
    public static bool IsReadable(int fd)
    {
        var wanted = new Libc.PollDescriptor { Fd = fd, Events = Libc.POLLIN };
        return Libc.poll_one(ref wanted, 1, 0) > 0;
    }
}
