using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Processes by number and by descriptor.</summary>
public static unsafe class Processes
{
    /// <summary>A descriptor of a process: readable when it has ended; pidfd_open(2).</summary>
    /// <exception cref="ErrnoException">ESRCH: there is none.</exception>
    public static SafeFileHandle OpenPid(int pid)
        => Syscall.CheckFd(Libc.pidfd_open(Libc.SYS_pidfd_open, pid, 0), "pidfd_open", pid.ToString());

    /// <summary>pidfd_send_signal(2).</summary>
    /// <returns>False when the process has ended.</returns>
    /// <exception cref="ErrnoException">EINVAL: no such signal. EPERM: not ours.</exception>
    public static bool TrySignal(SafeFileHandle pidFd, int signal)
        => Sent(Libc.pidfd_send_signal(Libc.SYS_pidfd_send_signal, pidFd.Fd(), signal, null, 0), "pidfd_send_signal");

    /// <summary>kill(2), for a child that has not been reaped, or another process whose end would do no harm.</summary>
    /// <returns>False when there is no such process.</returns>
    /// <exception cref="ErrnoException">EINVAL: no such signal. EPERM: not ours.</exception>
    public static bool TrySignal(int pid, int signal) => Sent(Libc.kill(pid, signal), "kill");

    /// <summary>kill(2), for the group of a child that has not been reaped.</summary>
    /// <returns>False when there is no such group.</returns>
    /// <exception cref="ErrnoException">EINVAL: no such signal. EPERM: none of it is ours.</exception>
    public static bool TrySignalGroup(int leader, int signal) => Sent(Libc.kill(-leader, signal), "kill");

    private static bool Sent(nint result, string call)
    {
        if (result >= 0)
        {
            return true;
        }

        return Syscall.LastErrno == Errno.ESRCH ? false : throw new ErrnoException(Syscall.LastErrno, call);
    }

    /// <summary>Reaps one child that has ended, whichever it is.</summary>
    /// <returns>False when no child has ended, or none is left.</returns>
    public static bool TryReapAny(out int pid, out ProcessExit exit) => TryReap(-1, out pid, out exit);

    /// <summary>Reaps the child if it has ended.</summary>
    /// <exception cref="ErrnoException">ECHILD: it is no child of this process, or reaped already.</exception>
    public static bool TryReap(int child, out ProcessExit exit)
    {
        var reaped = TryReap(child, out _, out exit);
        return reaped || Syscall.LastErrno != Errno.ECHILD ? reaped : throw new ErrnoException(Errno.ECHILD, "waitpid", child.ToString());
    }

    private static bool TryReap(int which, out int pid, out ProcessExit exit)
    {
        int status;
        do
        {
            status = 0;
            pid = Libc.waitpid(which, &status, Libc.WNOHANG);
        }
        while (pid < 0 && Syscall.LastErrno == Errno.EINTR);

        exit = new ProcessExit(status);
        return pid > 0;
    }
}
