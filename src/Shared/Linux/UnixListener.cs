using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Unix stream sockets of a program that lives on an event loop.</summary>
public static unsafe class UnixListener
{
    private const int Backlog = 512;

    /// <summary>Listens at a path, for the owner alone (0600); what was there is replaced in one step. Non-blocking.</summary>
    /// <exception cref="ErrnoException">ENOENT: no such directory. EACCES, EROFS, ENOSPC.</exception>
    public static SafeFileHandle Listen(string path)
    {
        // Bound under another name, so that nobody finds a socket that is not listening or not yet protected.
        var unready = path + ".new";
        File.Delete(unready);
        var listener = Syscall.CheckFd(
            Libc.stream_socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0), "socket");
        try
        {
            Bind(listener, unready);
            File.SetUnixFileMode(unready, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            Syscall.Check(Libc.listen_stream(listener.Fd(), Backlog), "listen", path);
            File.Move(unready, path, overwrite: true);
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <returns>A non-blocking connection; null when none waits.</returns>
    /// <exception cref="ErrnoException">EMFILE, ENFILE, ENOMEM.</exception>
    public static SafeFileHandle? Accept(SafeFileHandle listener)
    {
        var fd = Libc.accept_stream(listener.Fd(), null, null, Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK);
        if (fd < 0 && Syscall.LastErrno is Errno.EAGAIN or Errno.EINTR)
        {
            return null;
        }

        return Syscall.CheckFd(fd, "accept4");
    }

    /// <summary>Asks for a larger send buffer, beyond the system's limit where that is allowed.</summary>
    public static void EnlargeSendBuffer(SafeFileHandle socket, int bytes)
    {
        // Failure leaves the default: smaller, and right all the same.
        if (Libc.setsockopt_int(socket.Fd(), Libc.SOL_SOCKET, Libc.SO_SNDBUFFORCE, &bytes, sizeof(int)) < 0)
        {
            _ = Libc.setsockopt_int(socket.Fd(), Libc.SOL_SOCKET, Libc.SO_SNDBUF, &bytes, sizeof(int));
        }
    }

    /// <summary>Ends both directions: what was sent stays readable for the peer, whose own sending now fails.</summary>
    public static void Shutdown(SafeFileHandle socket)
        => _ = Libc.shutdown_stream(socket.Fd(), Libc.SHUT_RDWR); // ENOTCONN: the peer was quicker

    /// <summary>Receives one descriptor that the peer sends (SCM_RIGHTS), and drops the bytes beside it; close-on-exec.</summary>
    /// <exception cref="ErrnoException">ENODATA: the message carries no descriptor, or the peer has closed.</exception>
    public static SafeFileHandle ReceiveDescriptor(SafeFileHandle socket)
    {
        const int controlSize = 24, closeOnExec = 0x40000000, rights = 1;
        var beside = stackalloc byte[4096];
        var control = stackalloc byte[controlSize]; // struct cmsghdr, one int, padding
        new Span<byte>(control, controlSize).Clear();
        var vector = stackalloc nint[2];
        (vector[0], vector[1]) = ((nint)beside, 4096);
        var message = stackalloc nint[7]; // struct msghdr on 64-bit machines
        (message[0], message[1], message[2], message[3], message[4], message[5], message[6]) = (0, 0, (nint)vector, 1, (nint)control, controlSize, 0);
        Syscall.Check(KernelCall.Invoke(SyscallNumber.Recvmsg, socket.Fd(), (nint)message, closeOnExec), "recvmsg");
        return *(int*)(control + 8) == Libc.SOL_SOCKET && *(int*)(control + 12) == rights
            ? new SafeFileHandle(*(int*)(control + 16), ownsHandle: true)
            : throw new ErrnoException(Errno.ENODATA, "recvmsg", "a message without a descriptor");
    }

    private static void Bind(SafeFileHandle socket, string path)
    {
        var (address, directory) = UnixSocketPath.Shorten(path);
        using (directory)
        {
            var length = Encoding.UTF8.GetByteCount(address);
            if (length >= UnixSocketPath.MaxAddress)
            {
                throw new ErrnoException(Errno.ENAMETOOLONG, "bind", path);
            }

            var raw = stackalloc byte[2 + UnixSocketPath.MaxAddress];
            new Span<byte>(raw, 2 + UnixSocketPath.MaxAddress).Clear();
            raw[0] = Libc.AF_UNIX;
            Encoding.UTF8.GetBytes(address, new Span<byte>(raw + 2, length));
            Syscall.Check(Libc.bind_address(socket.Fd(), raw, (uint)(2 + length + 1)), "bind", path);
        }
    }
}
