using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Blocking byte streams without System.Net and System.Console, whose start costs more than a whole request.</summary>
public static class ByteStreams
{
    /// <summary>sun_path of unix(7), with its closing zero.</summary>
    private const int MaxPathBytes = 108;

    /// <summary>Connects to a Unix socket.</summary>
    /// <exception cref="ErrnoException">ENOENT: no such socket. ECONNREFUSED: nobody listens. EACCES. ENAMETOOLONG: more than 107 bytes.</exception>
    public static unsafe SafeFileHandle ConnectUnix(string path)
    {
        var length = Encoding.UTF8.GetByteCount(path);
        if (length >= MaxPathBytes)
        {
            throw new ErrnoException(Errno.ENAMETOOLONG, "connect", path);
        }

        var address = stackalloc byte[2 + MaxPathBytes];
        new Span<byte>(address, 2 + MaxPathBytes).Clear();
        address[0] = Libc.AF_UNIX;
        Encoding.UTF8.GetBytes(path, new Span<byte>(address + 2, length));
        var socket = Syscall.CheckFd(Libc.stream_socket(Libc.AF_UNIX, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, 0), "socket");
        while (Libc.connect_address(socket.Fd(), address, (uint)(2 + length + 1)) < 0)
        {
            var errno = Syscall.LastErrno;
            if (errno != Errno.EINTR)
            {
                socket.Dispose();
                throw new ErrnoException(errno, "connect", path);
            }
        }

        return socket;
    }

    /// <summary>Reads what is there, waiting for at least one byte.</summary>
    /// <returns>0 at the end of the stream.</returns>
    /// <exception cref="ErrnoException">EIO: a terminal's other side is gone. ECONNRESET.</exception>
    public static unsafe int Read(SafeFileHandle stream, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                var count = Libc.read_bytes(stream.Fd(), start, (nuint)buffer.Length);
                if (count >= 0)
                {
                    return (int)count;
                }

                AwaitOrThrow(stream.Fd(), Libc.POLLIN, "read");
            }
        }
    }

    /// <summary>Writes all of it to a file, pipe or terminal.</summary>
    /// <exception cref="ErrnoException">EPIPE: the reader is gone. ENOSPC.</exception>
    public static unsafe void Write(SafeFileHandle stream, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                done += Advance(stream.Fd(), Libc.write_bytes(stream.Fd(), start + done, (nuint)(bytes.Length - done)), "write");
            }
        }
    }

    /// <summary>Sends all of it to a socket; a peer that has gone is an error, never a signal.</summary>
    /// <exception cref="ErrnoException">EPIPE or ECONNRESET: the peer is gone.</exception>
    public static unsafe void Send(SafeFileHandle socket, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (nint done = 0; done < bytes.Length;)
            {
                done += Advance(socket.Fd(), Libc.send_bytes(socket.Fd(), start + done, (nuint)(bytes.Length - done), Libc.MSG_NOSIGNAL), "send");
            }
        }
    }

    /// <summary>Tells a socket's peer that nothing more will come; reading goes on.</summary>
    /// <exception cref="ErrnoException">ENOTCONN: the peer has closed already.</exception>
    public static void CloseWrite(SafeFileHandle socket) => Syscall.Check(Libc.shutdown_stream(socket.Fd(), Libc.SHUT_WR), "shutdown");

    private static nint Advance(int fd, nint written, string call)
    {
        if (written >= 0)
        {
            return written;
        }

        AwaitOrThrow(fd, Libc.POLLOUT, call);
        return 0;
    }

    /// <summary>Standard streams are shared: another process may have made them non-blocking under us.</summary>
    private static void AwaitOrThrow(int fd, short events, string call)
    {
        var errno = Syscall.LastErrno;
        if (errno == Errno.EAGAIN)
        {
            var wanted = new Libc.PollDescriptor { Fd = fd, Events = events };
            _ = Libc.poll_one(ref wanted, 1, -1); // whatever it says, the next attempt tells
        }
        else if (errno != Errno.EINTR)
        {
            throw new ErrnoException(errno, call);
        }
    }
}
