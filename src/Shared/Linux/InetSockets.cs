using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>
/// UDP and TCP sockets for an event loop: non-blocking, close-on-exec, without an object per transfer. Each belongs to
/// the network namespace of the thread that makes it. Transfers give the bytes moved, or the error number negated.
/// </summary>
public static unsafe class InetSockets
{
    private const int AddressRoom = 28; // struct sockaddr_in6

    /// <summary>A UDP socket, or a listening TCP socket, at an IPv4 address and a port that the kernel chooses.</summary>
    /// <exception cref="ErrnoException">EADDRNOTAVAIL: not an address of this namespace. EMFILE, ENFILE.</exception>
    public static (SafeFileHandle Socket, ushort Port) Bind(IPAddress address, bool stream)
    {
        const int backlog = 16;
        var socket = Create(AddressFamily.InterNetwork, stream);
        try
        {
            var bytes = stackalloc byte[AddressRoom];
            var length = Encode(bytes, address, 0);
            Syscall.Check(Libc.bind_address(socket.Fd(), bytes, length), "bind", address.ToString());
            Syscall.Check(Libc.inet_getsockname(socket.Fd(), bytes, &length), "getsockname", address.ToString());
            if (stream)
            {
                Syscall.Check(Libc.listen_stream(socket.Fd(), backlog), "listen", address.ToString());
            }

            return (socket, BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(bytes + 2, 2)));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>A socket that exchanges with one peer alone. A TCP connection may still be under way: writable means that it has an outcome.</summary>
    /// <exception cref="ErrnoException">ENETUNREACH, EHOSTUNREACH: no way there. EMFILE, ENFILE.</exception>
    public static SafeFileHandle Connect(IPAddress address, ushort port, bool stream)
    {
        var socket = Create(address.AddressFamily, stream);
        var bytes = stackalloc byte[AddressRoom];
        var length = Encode(bytes, address, port);
        if (Libc.inet_connect(socket.Fd(), bytes, length) < 0 && Syscall.LastErrno != Errno.EINPROGRESS)
        {
            var error = new ErrnoException(Syscall.LastErrno, "connect", address.ToString());
            socket.Dispose();
            throw error;
        }

        return socket;
    }

    /// <summary>What has gone wrong with a socket since the last time this was asked, such as a refused connection.</summary>
    public static Errno? PendingError(SafeFileHandle socket)
    {
        int value = 0;
        uint length = sizeof(int);
        Syscall.Check(Libc.getsockopt_int(socket.Fd(), Libc.SOL_SOCKET, Libc.SO_ERROR, &value, &length), "getsockopt", "SO_ERROR");
        return value == 0 ? null : (Errno)value;
    }

    /// <summary>Receives one datagram; recvfrom(2). What does not fit in the buffer is lost.</summary>
    public static int Receive(SafeFileHandle socket, Span<byte> buffer, out IPv4Peer from)
    {
        var address = stackalloc byte[AddressRoom];
        uint length = AddressRoom;
        nint count;
        fixed (byte* start = buffer)
        {
            do
            {
                count = Libc.recvfrom_inet(socket.Fd(), start, (nuint)buffer.Length, Libc.MSG_DONTWAIT, address, &length);
            }
            while (count < 0 && Syscall.LastErrno == Errno.EINTR);
        }

        from = count < 0 ? default : new IPv4Peer(*(uint*)(address + 4), *(ushort*)(address + 2));
        return count >= 0 ? (int)count : -(int)Syscall.LastErrno;
    }

    /// <summary>Sends one datagram; sendto(2).</summary>
    public static int Send(SafeFileHandle socket, ReadOnlySpan<byte> datagram, IPv4Peer to)
    {
        const uint length = 16; // struct sockaddr_in
        var address = stackalloc byte[(int)length];
        new Span<byte>(address, (int)length).Clear();
        *(ushort*)address = Libc.AF_INET;
        *(ushort*)(address + 2) = to.Port;
        *(uint*)(address + 4) = to.Address;
        nint count;
        fixed (byte* start = datagram)
        {
            do
            {
                count = Libc.sendto_inet(socket.Fd(), start, (nuint)datagram.Length, Libc.MSG_DONTWAIT | Libc.MSG_NOSIGNAL, address, length);
            }
            while (count < 0 && Syscall.LastErrno == Errno.EINTR);
        }

        return count >= 0 ? (int)count : -(int)Syscall.LastErrno;
    }

    /// <returns>A non-blocking connection; null when none waits, or the one that waited has given up.</returns>
    /// <exception cref="ErrnoException">EMFILE, ENFILE, ENOMEM.</exception>
    public static SafeFileHandle? Accept(SafeFileHandle listener)
    {
        var fd = Libc.accept_stream(listener.Fd(), null, null, Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK);
        if (fd < 0 && Syscall.LastErrno is Errno.EAGAIN or Errno.EINTR or Errno.ECONNABORTED)
        {
            return null;
        }

        return Syscall.CheckFd(fd, "accept4");
    }

    /// <summary>The network namespace that a socket belongs to, wherever its maker is now; ioctl SIOCGSKNS.</summary>
    public static SafeFileHandle OpenNamespaceOf(SafeFileHandle socket)
        => Syscall.CheckFd(Libc.ioctl_namespace(socket.Fd(), Libc.SIOCGSKNS), "ioctl", "SIOCGSKNS");

    private static SafeFileHandle Create(AddressFamily family, bool stream) => Syscall.CheckFd(
        Libc.inet_socket(
            family == AddressFamily.InterNetworkV6 ? Libc.AF_INET6 : Libc.AF_INET,
            (stream ? Libc.SOCK_STREAM : Libc.SOCK_DGRAM) | Libc.SOCK_CLOEXEC | Libc.SOCK_NONBLOCK, 0),
        "socket");

    // struct sockaddr_in: family, port (network order), address; struct sockaddr_in6: family, port, flow, address, scope.
    private static uint Encode(byte* bytes, IPAddress address, ushort port)
    {
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        var span = new Span<byte>(bytes, AddressRoom);
        span.Clear();
        *(ushort*)bytes = (ushort)(isIPv6 ? Libc.AF_INET6 : Libc.AF_INET);
        BinaryPrimitives.WriteUInt16BigEndian(span[2..], port);
        address.TryWriteBytes(span[(isIPv6 ? 8 : 4)..], out _);
        if (isIPv6)
        {
            *(uint*)(bytes + 24) = (uint)address.ScopeId;
        }

        return isIPv6 ? 28u : 16u;
    }
}

/// <summary>An IPv4 address and port as the kernel holds them, in network order.</summary>
public readonly record struct IPv4Peer(uint Address, ushort Port);
