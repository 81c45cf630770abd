using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>A clone child that runs a list of steps.</summary>
internal sealed class ChildProcess : IDisposable
{
    private const ulong ClearSignalHandlers = 0x100000000, IntoCgroup = 0x200000000, PidFdFlag = 0x1000;

    private ChildProcess(int pid, SafeFileHandle pidFd, ReportPipe report) => (Pid, PidFd, Report) = (pid, pidFd, report);

    public int Pid { get; }

    public SafeFileHandle PidFd { get; }

    public ReportPipe Report { get; }

    /// <summary>Makes the child, all signals blocked in it: the list's end has to unblock them.</summary>
    /// <param name="kinds">Namespaces that it begins in.</param>
    /// <param name="cgroup">Directory of the v2 cgroup that it begins in; null: this process's own.</param>
    /// <param name="report">Owned by the child from now on.</param>
    /// <exception cref="ErrnoException">EPERM: no CAP_SYS_ADMIN. ENOSPC: user.max_*_namespaces. EAGAIN: pids.max. ENOSYS: Linux before 5.5.</exception>
    public static unsafe ChildProcess Clone(StepList steps, NamespaceKinds kinds, SafeFileHandle? cgroup, ReportPipe? report = null)
    {
        report ??= new ReportPipe();
        try
        {
            var pidFd = -1;
            var arguments = new CloneArguments
            {
                Flags = (ulong)kinds | ClearSignalHandlers | PidFdFlag | (cgroup is null ? 0 : IntoCgroup),
                PidFd = (ulong)&pidFd,
                ExitSignal = SignalDispositions.Child,
                Cgroup = cgroup is null ? 0 : (ulong)cgroup.Fd(),
            };
            var list = steps.Build();
            var blocked = SignalDispositions.SetBlocked(ulong.MaxValue);
            int pid;
            try
            {
                pid = CloneWindow.Clone(&arguments, list, steps.Count, report.Write.Fd());
            }
            finally
            {
                SignalDispositions.SetBlocked(blocked);
            }

            GC.KeepAlive(cgroup);
            report.Write.Dispose();
            return pid > 0
                ? new ChildProcess(pid, new SafeFileHandle(pidFd, ownsHandle: true), report)
                : throw new ErrnoException((Errno)(-pid), "clone3", kinds == NamespaceKinds.None ? null : $"with new namespaces ({kinds})");
        }
        catch
        {
            report.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the end and reaps.</summary>
    public ProcessExit WaitForEnd(TimeSpan? timeout = null)
    {
        if (!Waiting.ForInput(PidFd, timeout))
        {
            throw new TimeoutException();
        }

        Processes.TryReap(Pid, out var exit);
        return exit;
    }

    /// <summary>SIGKILL, and wait for the end.</summary>
    public void Kill()
    {
        Processes.TrySignal(PidFd, SignalDispositions.Kill);
        WaitForEnd();
    }

    public void Dispose()
    {
        PidFd.Dispose();
        Report.Dispose();
    }
}
