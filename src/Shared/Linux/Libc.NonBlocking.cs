using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <unistd.h>, <sys/socket.h>, <fcntl.h>, <sys/prctl.h>: the calls of NonBlocking.cs, UnixListener.cs, SpillFiles.cs and ProcessSettings.cs
internal static unsafe partial class Libc
{
    internal const int MSG_DONTWAIT = 0x40, SHUT_RDWR = 2, SOCK_NONBLOCK = 0x800, SOL_SOCKET = 1, SO_SNDBUF = 7, SO_SNDBUFFORCE = 32;

    internal const int F_DUPFD_CLOEXEC = 1030, F_GETFL = 3, F_SETFL = 4, F_SETPIPE_SZ = 1031, O_NONBLOCK = 0x800, O_RDWR = 2;

    /// <summary>__O_TMPFILE alone; it goes with O_DIRECTORY.</summary>
    internal const int O_TMPFILE = 0x400000;

    internal const int FALLOC_FL_KEEP_SIZE = 1, FALLOC_FL_PUNCH_HOLE = 2;

    internal const int PR_SET_PDEATHSIG = 1, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_SET_CHILD_SUBREAPER = 36;

    internal const nint SYS_close_range = 436;

    internal const nint SIG_IGN = 1;

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint recv_bytes(int fd, byte* buffer, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    internal static partial int bind_address(int fd, byte* address, uint length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    internal static partial int listen_stream(int fd, int backlog);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    internal static partial int accept_stream(int fd, void* address, void* length, int flags);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    internal static partial int setsockopt_int(int fd, int level, int name, int* value, uint length);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int ftruncate_to(int fd, long length);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int fallocate_range(int fd, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static partial nint pwrite_bytes(int fd, byte* buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    internal static partial int prctl_value(int option, nuint value, nuint unused3, nuint unused4, nuint unused5);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    internal static partial nint signal_action(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint close_range_of(nint number, uint first, uint last, uint flags);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long lseek_to(int fd, long offset, int whence);
}
