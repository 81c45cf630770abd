using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Sockets that hold a port of the host for somebody whose packets never reach a socket here.</summary>
public static unsafe class PortSockets
{
    private const int AddressFamilyIPv4 = 2;
    private const int AddressFamilyIPv6 = 10;
    private const int ReuseAddress = 2;
    private const int IPv6Level = 41;
    private const int IPv6Only = 26;
    private const int Backlog = 512;
    private const byte UdpProtocol = 17;

    /// <summary>
    /// Holds a port so that no other program can bind it, and so that "ss -l" shows who has it. Whatever does arrive
    /// (while the firewall's translation is missing, say) is dropped unseen: a client then tries again and is not refused.
    /// The socket belongs to the network namespace of the calling thread.
    /// </summary>
    /// <param name="port">0: any free port.</param>
    /// <param name="protocol">The IP protocol's number.</param>
    /// <param name="discard">False: what arrives is kept for whoever reads the socket.</param>
    /// <returns>The socket and its port.</returns>
    /// <exception cref="ErrnoException">EADDRINUSE: another program has it. EADDRNOTAVAIL: not an address of this host. EPROTONOSUPPORT: the kernel lacks the protocol.</exception>
    public static (SafeFileHandle Socket, ushort Port) Hold(IPAddress address, ushort port, byte protocol, bool discard)
    {
        const int datagram = 2;
        var udp = protocol == UdpProtocol;
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        var target = new IPEndPoint(address, port).ToString();
        var socket = Syscall.CheckFd(
            Libc.netlink_socket(isIPv6 ? AddressFamilyIPv6 : AddressFamilyIPv4, (udp ? datagram : Libc.SOCK_STREAM) | Libc.SOCK_CLOEXEC, protocol), "socket", target);
        try
        {
            if (discard)
            {
                DropEverything(socket);
            }

            if (isIPv6)
            {
                Set(socket, IPv6Level, IPv6Only);
            }

            if (!udp)
            {
                // Connections of the port's last owner that linger in TIME_WAIT are no reason to refuse it.
                Set(socket, Libc.SOL_SOCKET, ReuseAddress);
            }

            Bind(socket, address, port, target);
            if (!udp)
            {
                // Only a listening socket keeps others with SO_REUSEADDR away.
                Syscall.Check(Libc.listen_socket(socket.Fd(), discard ? 1 : Backlog), "listen", target);
            }

            return (socket, port != 0 ? port : BoundPort(socket, target));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Gives a held port back.</summary>
    /// <remarks>
    /// A process that is being started has a copy of the descriptor until its execve, and so the port would stay taken for a moment after the close.
    /// A socket that no longer listens does not keep the next TCP holder away.
    /// </remarks>
    public static void Release(SafeFileHandle? socket)
    {
        if (socket is null)
        {
            return;
        }

        Shutdown((int)socket.DangerousGetHandle());
        socket.Dispose();
    }

    /// <summary>As <see cref="Release"/> does before it closes.</summary>
    public static void StopListening(Socket socket)
    {
        if (!socket.SafeHandle.IsInvalid && !socket.SafeHandle.IsClosed)
        {
            Shutdown((int)socket.SafeHandle.DangerousGetHandle());
        }
    }

    /// <summary>Hands a held socket over to the framework's own type.</summary>
    public static Socket ToSocket(SafeFileHandle held)
    {
        var socket = new Socket(new SafeSocketHandle(held.DangerousGetHandle(), ownsHandle: true));
        held.SetHandleAsInvalid();
        return socket;
    }

    /// <summary>Whether the kernel has sockets of a protocol, loading its module if need be.</summary>
    /// <param name="protocol">The IP protocol's number.</param>
    public static bool Supports(byte protocol)
    {
        var socket = Libc.netlink_socket(AddressFamilyIPv4, Libc.SOCK_STREAM | Libc.SOCK_CLOEXEC, protocol);
        if (socket < 0)
        {
            return false;
        }

        new SafeFileHandle(socket, ownsHandle: true).Dispose();
        return true;
    }

    private static void Shutdown(int socket)
    {
        const int bothWays = 2;
        _ = Libc.shutdown_stream(socket, bothWays); // ENOTCONN for UDP, which has nothing to shut down.
    }

    private static void Set(SafeFileHandle socket, int level, int option)
    {
        var on = 1;
        Syscall.Check(Libc.setsockopt_raw(socket.Fd(), level, option, &on, sizeof(int)), "setsockopt");
    }

    private static void DropEverything(SafeFileHandle socket)
    {
        ulong acceptNoByte = 0x06; // BPF_RET | BPF_K, 0
        var program = new Libc.SocketFilterProgram { Length = 1, Instructions = &acceptNoByte };
        Syscall.Check(Libc.setsockopt_raw(socket.Fd(), Libc.SOL_SOCKET, Libc.SO_ATTACH_FILTER, &program, (uint)sizeof(Libc.SocketFilterProgram)), "setsockopt", "SO_ATTACH_FILTER");
    }

    // struct sockaddr_in: family, port (network order), address; struct sockaddr_in6: family, port, flow, address, scope.
    private static void Bind(SafeFileHandle socket, IPAddress address, ushort port, string target)
    {
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> bytes = stackalloc byte[28];
        bytes.Clear();
        bytes[0] = (byte)(isIPv6 ? AddressFamilyIPv6 : AddressFamilyIPv4);
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], port);
        address.TryWriteBytes(bytes[(isIPv6 ? 8 : 4)..], out _);
        if (isIPv6)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[24..], (uint)address.ScopeId);
        }

        fixed (byte* start = bytes)
        {
            Syscall.Check(Libc.netlink_bind(socket.Fd(), (Libc.NetlinkAddress*)start, isIPv6 ? 28u : 16u), "bind", target);
        }
    }

    private static ushort BoundPort(SafeFileHandle socket, string target)
    {
        Span<byte> bytes = stackalloc byte[28];
        var length = (uint)bytes.Length;
        fixed (byte* start = bytes)
        {
            Syscall.Check(Libc.netlink_getsockname(socket.Fd(), (Libc.NetlinkAddress*)start, &length), "getsockname", target);
        }

        return BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
    }
}
