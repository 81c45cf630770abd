using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <sched.h>, namespaces of the calling thread
internal static partial class Libc
{
    internal const int CLONE_NEWNET_FLAG = 0x40000000;

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    internal static partial int unshare_thread(int flags);

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    internal static partial int setns_thread(int fd, int type);
}
