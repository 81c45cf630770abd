using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Non-blocking sockets connected to a receiver, for an event loop that has neither System.Net nor names.</summary>
public static unsafe class ReceiverSockets
{
    private const int Stream = 1, Datagram = 2, Internet = 2, Internet6 = 10, ErrorOption = 4, Level = 1;

    /// <summary>Asked for; the system's limit may give less.</summary>
    private const int SendBuffer = 1 << 20;

    /// <summary>Connects to a Unix socket.</summary>
    /// <returns>None, or why not: ENOENT, ECONNREFUSED, EACCES; EPROTOTYPE: it is of the other kind. EAGAIN: its queue of connections is full.</returns>
    public static Errno TryConnect(string path, bool stream, out SafeFileHandle? socket)
    {
        var (address, directory) = UnixSocketPath.Shorten(path);
        using (directory)
        {
            Span<byte> raw = stackalloc byte[2 + UnixSocketPath.MaxAddress];
            raw.Clear();
            raw[0] = Libc.AF_UNIX;
            if (!System.Text.Encoding.UTF8.TryGetBytes(address, raw[2..^1], out var length))
            {
                socket = null;
                return Errno.ENAMETOOLONG;
            }

            return TryConnect(Libc.AF_UNIX, stream, raw[..(2 + length + 1)], out socket);
        }
    }

    /// <summary>Connects to an address of the internet; a stream may still be connecting on return (EINPROGRESS): it is writable when that is decided.</summary>
    /// <param name="address">4 or 16 bytes.</param>
    /// <returns>None, EINPROGRESS, or why not.</returns>
    public static Errno TryConnect(ReadOnlySpan<byte> address, int port, bool stream, out SafeFileHandle? socket)
    {
        // struct sockaddr_in: family, port (network order), address; struct sockaddr_in6: family, port, flow, address, scope.
        Span<byte> raw = stackalloc byte[28];
        raw.Clear();
        var isIPv6 = address.Length == 16;
        raw[0] = isIPv6 ? (byte)Internet6 : (byte)Internet;
        BinaryPrimitives.WriteUInt16BigEndian(raw[2..], (ushort)port);
        address.CopyTo(raw[(isIPv6 ? 8 : 4)..]);
        return TryConnect(raw[0], stream, raw[..(isIPv6 ? 28 : 16)], out socket);
    }

    /// <summary>What has become of a connection that was in progress, or of a datagram sent; SO_ERROR, which reading clears.</summary>
    public static Errno TakeError(SafeFileHandle socket)
    {
        int error = 0, length = sizeof(int);
        return KernelCall.Invoke(SyscallNumber.Getsockopt, socket.Fd(), Level, ErrorOption, (nint)(&error), (nint)(&length)) < 0 ? Syscall.LastErrno : (Errno)error;
    }

    private static Errno TryConnect(int family, bool stream, ReadOnlySpan<byte> address, out SafeFileHandle? socket)
    {
        socket = Syscall.CheckFd(
            KernelCall.Invoke(SyscallNumber.Socket, family, (stream ? Stream : Datagram) | OpenFlags.CloseOnExec | OpenFlags.NonBlocking, 0), "socket");
        UnixListener.EnlargeSendBuffer(socket, SendBuffer);
        fixed (byte* start = address)
        {
            if (KernelCall.Invoke(SyscallNumber.Connect, socket.Fd(), (nint)start, address.Length) >= 0)
            {
                return Errno.None;
            }
        }

        var errno = Syscall.LastErrno;
        if (errno != Errno.EINPROGRESS)
        {
            socket.Dispose();
            socket = null;
        }

        return errno;
    }
}
