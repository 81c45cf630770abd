using System.Globalization;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Cgroups.V1;

/// <summary>A cgroup on the v1 hierarchies, alone or beside a v2 one without controllers (hybrid). Kernel: Documentation/admin-guide/cgroup-v1.</summary>
internal sealed partial class CgroupV1(string path, IReadOnlyList<V1Directory> directories) : ICgroup
{
    private const int SIGKILL = 9;

    public string Path { get; } = path;

    public bool Exists => directories.Any(d => Directory.Exists(d.Path));

    public void Create()
    {
        foreach (var directory in directories)
        {
            var isCpuset = directory.Controllers.Contains("cpuset");
            CgroupTree.Make(directory.Path, directory.MountPoint, made =>
            {
                if (isCpuset)
                {
                    V1Cpuset.CopyFromParent(made);
                }
            });
        }
    }

    public IReadOnlyList<string> Apply(OciResources resources)
    {
        var limits = new LimitWriter();
        if (resources.Devices is { } devices)
        {
            V1Devices.Apply(Find("devices"), devices, limits);
        }

        if (resources.Memory is { } memory)
        {
            V1Memory.Apply(Find("memory"), memory, limits);
        }

        if (resources.Cpu is { } cpu)
        {
            V1Cpu.Apply(Find("cpu"), cpu, limits);
            V1Cpuset.Apply(Find("cpuset"), cpu, limits);
        }

        if (resources.Pids is { Limit: not 0 } pids)
        {
            limits.Set(Find("pids"), "pids.max", pids.Limit > 0 ? pids.Limit.ToString(CultureInfo.InvariantCulture) : "max", "pids limit");
        }

        if (resources.BlockIo is { } blockIo)
        {
            V1BlockIo.Apply(Find("blkio"), blockIo, limits);
        }

        foreach (var page in resources.HugepageLimits ?? [])
        {
            ApplyHugepages(page, limits);
        }

        ApplyNetwork(resources.Network, limits);
        foreach (var (device, rdma) in resources.Rdma ?? [])
        {
            limits.Set(Find("rdma"), "rdma.max", RdmaLine.Format(device, rdma), $"RDMA limit of {device}");
        }

        if (resources.Unified is { Count: > 0 })
        {
            throw CgroupErrors.Contradiction("The unified resources can't be set: this host has its controllers on cgroup v1");
        }

        return limits.Warnings;
    }

    public void AddProcess(int pid, int besidePid = 0)
    {
        var text = pid.ToString(CultureInfo.InvariantCulture);
        foreach (var directory in directories)
        {
            KernelFiles.WriteText($"{directory.Path}/cgroup.procs", text);
        }
    }

    public SafeFileHandle? OpenDirectory() => null;

    public IReadOnlyList<int> Processes()
    {
        // One hierarchy is enough; freezer first, since Kill freezes what it lists.
        var pids = new HashSet<int>();
        if ((Find("freezer") ?? Find("pids") ?? Find("memory") ?? (directories.Count > 0 ? directories[0].Path : null)) is { } directory)
        {
            CgroupTree.CollectProcesses(directory, pids);
        }

        return [.. pids.Order()];
    }

    public bool IsFrozen => Find("freezer") is { } freezer && KernelFiles.ReadTextOrNull($"{freezer}/freezer.state")?.Trim() is "FROZEN" or "FREEZING";

    public void Freeze(TimeSpan timeout)
    {
        var freezer = RequireFreezer();
        if (!TryFreeze(freezer, timeout))
        {
            Thaw();
            throw new TimeoutException($"Not every process of the cgroup {Path} stopped within {timeout.TotalSeconds} s");
        }
    }

    public void Thaw() => KernelFiles.WriteText($"{RequireFreezer()}/freezer.state", "THAWED");

    public void Kill()
    {
        // Frozen, nothing can fork while the list is read; the signal takes effect at the thaw. A process that won't freeze is
        // killed all the same, and the second round gets what it forked meanwhile.
        for (var round = 0; round < 5; round++)
        {
            var freezer = Find("freezer");
            var frozen = freezer is not null && Directory.Exists(freezer) && TryFreeze(freezer, TimeSpan.FromMilliseconds(250));
            var pids = Processes();
            foreach (var pid in pids)
            {
                if (Libc.kill_pid(pid, SIGKILL) < 0 && Syscall.LastErrno != Errno.ESRCH)
                {
                    var failure = new ErrnoException(Syscall.LastErrno, "kill", $"{pid}");
                    ThawIfThere(freezer);
                    throw failure;
                }
            }

            ThawIfThere(freezer);
            if (frozen || pids.Count == 0)
            {
                return;
            }
        }
    }

    public long OomKills() => Find("memory") is { } memory && FlatFile.Pairs($"{memory}/memory.oom_control").TryGetValue("oom_kill", out var count) ? (long)count : 0;

    public CgroupOomWatch? WatchOom() => Find("memory") is { } memory ? V1Memory.WatchOom(this, memory) : null;

    public void Destroy(TimeSpan timeout)
    {
        var backoffUntil = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        foreach (var directory in directories)
        {
            CgroupTree.Remove(directory.Path, TimeSpan.FromMilliseconds(Math.Max(0, backoffUntil - Environment.TickCount64)));
        }
    }

    private string? Find(string controller)
    {
        foreach (var directory in directories)
        {
            foreach (var name in directory.Controllers)
            {
                if (name == controller)
                {
                    return directory.Path;
                }
            }
        }

        return null;
    }

    private string RequireFreezer()
        => Find("freezer") ?? throw CgroupErrors.Contradiction("Processes can't be paused: no freezer cgroup is mounted");

    private static bool TryFreeze(string freezer, TimeSpan timeout)
    {
        var state = $"{freezer}/freezer.state";
        var backoff = new Backoff(timeout);
        do
        {
            // Written again each time: a process that forked while the kernel went through the list can leave the group half frozen.
            KernelFiles.WriteText(state, "FROZEN");
            if (KernelFiles.ReadText(state).Trim() == "FROZEN")
            {
                return true;
            }
        }
        while (backoff.Wait());

        return false;
    }

    private static void ThawIfThere(string? freezer)
    {
        if (freezer is not null && File.Exists($"{freezer}/freezer.state"))
        {
            KernelFiles.WriteText($"{freezer}/freezer.state", "THAWED");
        }
    }

    private void ApplyHugepages(OciHugepageLimit page, LimitWriter limits)
    {
        var directory = Find("hugetlb");
        if (limits.Set(directory, $"hugetlb.{page.PageSize}.limit_in_bytes", page.Limit, $"limit of {page.PageSize} huge pages")
            && File.Exists($"{directory}/hugetlb.{page.PageSize}.rsvd.limit_in_bytes"))
        {
            // Without the reservation limit a process can map more than the limit and be killed by SIGBUS when it touches it.
            limits.Set(directory, $"hugetlb.{page.PageSize}.rsvd.limit_in_bytes", page.Limit, $"reservation limit of {page.PageSize} huge pages");
        }
    }

    private void ApplyNetwork(OciNetworkResources? network, LimitWriter limits)
    {
        if (network?.ClassId is { } classId)
        {
            limits.Set(Find("net_cls"), "net_cls.classid", classId, "network class");
        }

        foreach (var priority in network?.Priorities ?? [])
        {
            limits.Set(Find("net_prio"), "net_prio.ifpriomap", $"{priority.Name} {priority.Priority}", $"network priority of {priority.Name}");
        }
    }
}
