using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <sys/epoll.h>, <sys/signalfd.h>, <sys/eventfd.h>
internal static unsafe partial class Libc
{
    internal const int EPOLL_CLOEXEC = 0x80000, EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;

    internal const int SFD_CLOEXEC = 0x80000, SFD_NONBLOCK = 0x800;

    internal const int SIG_BLOCK = 0, SIG_SETMASK = 2;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_ctl(int epoll, int operation, int fd, void* eventData);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int epoll_wait(int epoll, void* events, int count, int timeoutMilliseconds);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int signalfd(int fd, void* set, int flags);

    /// <summary>Returns the error number.</summary>
    [LibraryImport("libc")]
    internal static partial int pthread_sigmask(int how, void* set, void* oldSet);
}
