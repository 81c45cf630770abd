using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <sys/socket.h>, <netinet/in.h>, <sys/ioctl.h>: the calls of InetSockets.cs
internal static unsafe partial class Libc
{
    internal const int AF_INET = 2, AF_INET6 = 10, SOCK_DGRAM = 2, SO_ERROR = 4;

    /// <summary>Gives a descriptor of the network namespace that a socket belongs to.</summary>
    internal const nuint SIOCGSKNS = 0x894C;

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int inet_socket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    internal static partial int inet_connect(int socket, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "getsockname", SetLastError = true)]
    internal static partial int inet_getsockname(int socket, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    internal static partial int getsockopt_int(int socket, int level, int option, int* value, uint* length);

    [LibraryImport("libc", EntryPoint = "recvfrom", SetLastError = true)]
    internal static partial nint recvfrom_inet(int socket, byte* buffer, nuint length, int flags, byte* address, uint* addressLength);

    [LibraryImport("libc", EntryPoint = "sendto", SetLastError = true)]
    internal static partial nint sendto_inet(int socket, byte* buffer, nuint length, int flags, byte* address, uint addressLength);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    internal static partial int ioctl_namespace(int socket, nuint request);
}
