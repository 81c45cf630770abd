using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <sys/wait.h>, <signal.h>, <sys/pidfd.h>
internal static unsafe partial class Libc
{
    internal const int P_PID = 1, P_PIDFD = 3, WNOHANG = 1, WEXITED = 4;

    /// <summary>siginfo_t is 128 bytes; for waitid: si_signo 0, si_errno 4, si_code 8, si_pid 12 (on 64-bit: 16 - 4), si_uid, si_status.</summary>
    internal const int SignalInfoSize = 128;

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitid(int idType, uint id, void* info, int options);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    /// <summary>The C library has it since glibc 2.36 only; the numbers are the same on every architecture.</summary>
    internal const nint SYS_pidfd_send_signal = 424, SYS_pidfd_open = 434;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint pidfd_open(nint number, int pid, uint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint pidfd_send_signal(nint number, int pidfd, int signal, void* info, uint flags);
}
