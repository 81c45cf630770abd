using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <sys/inotify.h>: beside what Libc.Cgroup.cs has of it
internal static unsafe partial class Libc
{
    internal const int IN_CLOEXEC = 0x80000;
    internal const uint IN_MODIFY = 0x2, IN_MOVED_FROM = 0x40, IN_MOVED_TO = 0x80, IN_CREATE = 0x100, IN_DELETE_SELF = 0x400, IN_IGNORED = 0x8000, IN_Q_OVERFLOW = 0x4000;

    /// <summary>struct inotify_event, without the name that follows it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct InotifyEvent
    {
        internal int Watch;
        internal uint Mask;
        internal uint Cookie;
        internal uint NameLength;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int inotify_rm_watch(int fd, int watch);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint read_inotify(int fd, byte* buffer, nuint count);
}
