using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <fcntl.h>, <unistd.h>, <sys/mman.h>, <sys/socket.h>: the calls of Descriptors.cs, SealedExecutable.cs and SocketPairs.cs
internal static unsafe partial class Libc
{
    internal const int O_CLOEXEC = 0x80000, O_PATH = 0x200000;

    /// <summary>O_DIRECTORY differs between architectures.</summary>
    internal static readonly int O_DIRECTORY = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    internal const uint MFD_CLOEXEC = 1, MFD_ALLOW_SEALING = 2, MFD_EXEC = 0x10;

    internal const int F_ADD_SEALS = 1033, F_SEAL_SEAL = 1, F_SEAL_SHRINK = 2, F_SEAL_GROW = 4, F_SEAL_WRITE = 8;

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int open_path(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    internal static partial int fcntl_int(int fd, int command, int argument);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int memfd_create_named(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "sendfile", SetLastError = true)]
    internal static partial nint sendfile_at(int to, int from, long* offset, nuint count);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    internal static partial int socketpair_of(int family, int type, int protocol, int* pair);
}
