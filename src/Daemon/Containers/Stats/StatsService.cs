using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.SystemInfo;
using Berth.Shared.Api;
using Berth.Shared.Cgroups;
using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Stats;

/// <summary>What running containers use of the machine.</summary>
internal sealed class StatsService(ContainerLifecycle lifecycle, CgroupHost cgroups, TimeProvider clock)
{
    public static TimeSpan Interval { get; } = TimeSpan.FromSeconds(1);

    /// <summary>A look at a container, which need not run; the previous one goes into the reply, for clients to compute rates of.</summary>
    public ContainerStats Sample(ContainerCell container, ContainerStats? previous)
    {
        var stats = Read(container.Record);
        if (previous is not null)
        {
            stats.Preread = previous.Read;
            stats.Precpu_stats = previous.Cpu_stats;
        }

        return stats;
    }

    /// <summary>Waits until the next look is due.</summary>
    public Task PauseAsync(CancellationToken ct) => Task.Delay(Interval, clock, ct);

    private ContainerStats Read(ContainerRecord record)
    {
        var isCgroup2 = cgroups.Mode == CgroupMode.V2;
        var pid = record.State.LivePid;
        try
        {
            // On the host's network the traffic is everybody's.
            return StatsReader.Read(
                record, pid is null ? null : lifecycle.Cgroup(record), record.Plan.Network.IsHost ? null : pid, isCgroup2, HostFacts.MemoryBytes, clock.GetUtcNow());
        }
        catch (Exception gone) when (gone is ErrnoException { Errno: Errno.ENOENT or Errno.ENODEV } or FileNotFoundException or DirectoryNotFoundException)
        {
            // The run has just ended, and its cgroup with it.
            return StatsReader.Read(record, cgroup: null, pid: null, isCgroup2, HostFacts.MemoryBytes, clock.GetUtcNow());
        }
    }
}
