using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <sys/socket.h> as netlink needs it: datagrams with binary addresses, which System.Net.Sockets has no family for.
internal static unsafe partial class Libc
{
    internal const int AF_NETLINK = 16;
    internal const int SOCK_RAW = 3;
    internal const int SO_RCVBUF = 8;
    internal const int SO_RCVTIMEO = 20;
    internal const int SO_ATTACH_FILTER = 26;
    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;
    internal const int NETLINK_GET_STRICT_CHK = 12;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int netlink_socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    internal static partial int netlink_bind(int socket, NetlinkAddress* address, uint length);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    internal static partial int netlink_getsockname(int socket, NetlinkAddress* address, uint* length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    internal static partial int listen_socket(int socket, int backlog);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int setsockopt_raw(int socket, int level, int option, void* value, uint length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint send_raw(int socket, byte* buffer, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint recv_raw(int socket, byte* buffer, nuint length, int flags);

    /// <summary>struct sockaddr_nl.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct NetlinkAddress
    {
        internal ushort Family;
        internal ushort Padding;
        internal uint PortId;
        internal uint Groups;
    }

    /// <summary>struct timeval of a 64-bit machine.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SocketTimeout
    {
        internal nint Seconds;
        internal nint Microseconds;
    }

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct SocketFilterProgram
    {
        internal ushort Length;
        internal ulong* Instructions;
    }
}
