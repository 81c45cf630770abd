using System.Globalization;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Cgroups.V2;

/// <summary>A cgroup on the unified hierarchy. Kernel: Documentation/admin-guide/cgroup-v2.</summary>
internal sealed partial class CgroupV2(string path, string mountPoint, string directory) : ICgroup
{
    private const int SIGKILL = 9;
    private const uint IN_MODIFY = 2;
    private const int IN_CLOEXEC = 0x80000, IN_NONBLOCK = 0x800;
    private const short POLLPRI = 2;

    public string Path { get; } = path;

    internal string Directory { get; } = directory;

    public bool Exists => System.IO.Directory.Exists(Directory);

    public void Create()
    {
        CgroupTree.Make(Directory, mountPoint);
        V2Controllers.EnableAbove(Directory, mountPoint);
    }

    public void AddProcess(int pid, int besidePid = 0)
    {
        var text = pid.ToString(CultureInfo.InvariantCulture);
        try
        {
            KernelFiles.WriteText($"{Directory}/cgroup.procs", text);
        }
        catch (ErrnoException e) when (e.Errno == Errno.EBUSY && besidePid != 0)
        {
            // systemd in a container divides its root cgroup and moves itself to a leaf of it.
            KernelFiles.WriteText($"{LeafOf(besidePid, e)}/cgroup.procs", text);
        }
    }

    public SafeFileHandle? OpenDirectory() => KernelFiles.OpenDirectory(Directory);

    public IReadOnlyList<int> Processes()
    {
        var pids = new HashSet<int>();
        CgroupTree.CollectProcesses(Directory, pids);
        return [.. pids.Order()];
    }

    public bool IsFrozen => KernelFiles.ReadTextOrNull($"{Directory}/cgroup.freeze")?.Trim() == "1";

    public void Freeze(TimeSpan timeout)
    {
        KernelFiles.WriteText($"{Directory}/cgroup.freeze", "1");
        if (!WaitForEvent("frozen", 1, timeout))
        {
            Thaw();
            throw new TimeoutException($"Not every process of the cgroup {Path} stopped within {timeout.TotalSeconds} s");
        }
    }

    public void Thaw() => KernelFiles.WriteText($"{Directory}/cgroup.freeze", "0");

    public void Kill()
    {
        try
        {
            KernelFiles.WriteText($"{Directory}/cgroup.kill", "1");
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            KillOneByOne(); // before Linux 5.14, or gone
        }
        catch (ErrnoException e) when (e.Errno is Errno.EOPNOTSUPP or Errno.ENODEV)
        {
            KillOneByOne(); // a threaded cgroup, or gone meanwhile
        }
    }

    public long OomKills() => FlatFile.Pairs($"{Directory}/memory.events").TryGetValue("oom_kill", out var count) ? (long)count : 0;

    public CgroupOomWatch? WatchOom()
    {
        if (!File.Exists($"{Directory}/memory.events"))
        {
            return null;
        }

        var inotify = Syscall.CheckFd(Libc.inotify_init1(IN_CLOEXEC | IN_NONBLOCK), "inotify_init1");
        if (Libc.inotify_add_watch(inotify.Fd(), $"{Directory}/memory.events", IN_MODIFY) < 0)
        {
            var failure = new ErrnoException(Syscall.LastErrno, "inotify_add_watch", $"{Directory}/memory.events");
            inotify.Dispose();
            throw failure;
        }

        return new CgroupOomWatch(this, inotify);
    }

    public void Destroy(TimeSpan timeout)
    {
        // First the free way, then the wait for the last process's end, which v2 announces.
        if (CgroupTree.TryRemove(Directory))
        {
            return;
        }

        var started = Environment.TickCount64;
        try
        {
            WaitForEvent("populated", 0, timeout);
        }
        catch (ErrnoException e) when (e.Errno == Errno.ENOENT)
        {
            // Gone meanwhile, by another hand.
        }

        var left = timeout - TimeSpan.FromMilliseconds(Environment.TickCount64 - started);
        CgroupTree.Remove(Directory, left > TimeSpan.Zero ? left : TimeSpan.Zero);
    }

    private void KillOneByOne()
    {
        if (!Exists)
        {
            return;
        }

        KernelFiles.WriteText($"{Directory}/cgroup.freeze", "1");
        WaitForEvent("frozen", 1, TimeSpan.FromMilliseconds(250));
        foreach (var pid in Processes())
        {
            if (Libc.kill_pid(pid, SIGKILL) < 0 && Syscall.LastErrno != Errno.ESRCH)
            {
                var failure = new ErrnoException(Syscall.LastErrno, "kill", $"{pid}");
                Thaw();
                throw failure;
            }
        }

        Thaw();
    }

    /// <summary>Waits until a line of cgroup.events has this value; the kernel wakes poll(2) with POLLPRI at each change.</summary>
    private unsafe bool WaitForEvent(string key, ulong value, TimeSpan timeout)
    {
        using var events = KernelFiles.OpenForPolling($"{Directory}/cgroup.events");
        var deadline = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        while (true)
        {
            // By the same descriptor: poll reports what happened since its last read.
            if (FlatFile.ParsePairs(KernelFiles.ReadFromStart(events)).GetValueOrDefault(key, value) == value)
            {
                return true;
            }

            var left = deadline - Environment.TickCount64;
            if (left <= 0)
            {
                return false;
            }

            var poll = new Libc.PollFd { Fd = events.Fd(), Events = POLLPRI };
            if (Libc.poll_fds(&poll, 1, (int)left) < 0 && Syscall.LastErrno != Errno.EINTR)
            {
                throw new ErrnoException(Syscall.LastErrno, "poll", $"{Directory}/cgroup.events");
            }
        }
    }

    /// <summary>The cgroup of a process, which must be this one or below it.</summary>
    private string LeafOf(int pid, ErrnoException busy)
    {
        foreach (var line in KernelFiles.ReadText($"/proc/{pid}/cgroup").Split('\n'))
        {
            if (line.StartsWith("0::", StringComparison.Ordinal))
            {
                var leaf = mountPoint + line[3..].TrimEnd('/');
                return leaf.StartsWith(Directory + "/", StringComparison.Ordinal) ? leaf : throw busy;
            }
        }

        throw busy;
    }
}
