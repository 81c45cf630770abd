using System.Globalization;
using Berth.Shared.Api;
using Berth.Shared.Cgroups;

namespace Berth.Daemon.Containers.Stats;

/// <summary>One look at what a container has used, in the shape of Docker's API.</summary>
internal static class StatsReader
{
    /// <summary>What clients take for the time of a sample that there is none of.</summary>
    public const string NoTime = "0001-01-01T00:00:00Z";

    /// <param name="cgroup">Null when the container does not run.</param>
    /// <param name="pid">Of the first process, whose network is counted; null: not counted.</param>
    public static ContainerStats Read(ContainerRecord container, ICgroup? cgroup, int? pid, bool isCgroup2, long hostMemory, DateTimeOffset now)
    {
        var stats = new ContainerStats { Id = container.Id, Name = "/" + container.Name, Read = NoTime, Preread = NoTime };
        if (cgroup is null)
        {
            return stats;
        }

        var used = cgroup.Stats();
        stats.Read = Time(now);
        stats.Pids_stats = new PidsStats { Current = used.Pids?.Current, Limit = used.Pids is { } pids ? pids.Limit ?? ulong.MaxValue : null };
        stats.Cpu_stats = Cpu(used.Cpu, HostCpu.Read());
        stats.Memory_stats = Memory(used.Memory, isCgroup2, (ulong)hostMemory);
        stats.Blkio_stats = new BlkioStats
        {
            Io_service_bytes_recursive = Io(used.Io?.ServiceBytes),
            Io_serviced_recursive = isCgroup2 ? null : Io(used.Io?.Serviced),
        };
        stats.Networks = pid is { } process ? InterfaceTraffic.Read(process) : null;
        return stats;
    }

    public static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);

    private static CpuStats Cpu(CgroupCpuStats? used, HostCpu host) => new()
    {
        Cpu_usage = new CpuUsage
        {
            Total_usage = used?.TotalNanoseconds ?? 0,
            Usage_in_usermode = used?.UserNanoseconds ?? 0,
            Usage_in_kernelmode = used?.SystemNanoseconds ?? 0,
            Percpu_usage = used?.PerCpuNanoseconds is { } each ? [.. each] : null,
        },
        System_cpu_usage = host.TotalNanoseconds,
        Online_cpus = host.Online,
        Throttling_data = new CpuThrottling
        {
            Periods = used?.Periods ?? 0,
            Throttled_periods = used?.ThrottledPeriods ?? 0,
            Throttled_time = used?.ThrottledNanoseconds ?? 0,
        },
    };

    /// <summary>The limit is the host's memory where the container has none, since clients show the share of it.</summary>
    private static MemoryStats Memory(CgroupMemoryStats? used, bool isCgroup2, ulong hostMemory) => used is null ? new MemoryStats() : new MemoryStats
    {
        Usage = used.Usage,
        Max_usage = isCgroup2 ? null : used.MaxUsage,
        Failcnt = isCgroup2 ? null : used.FailCount,
        Limit = Math.Min(used.Limit ?? ulong.MaxValue, hostMemory),
        Stats = new Dictionary<string, ulong>(used.Raw),
    };

    private static List<BlkioStatEntry>? Io(IReadOnlyList<CgroupIoEntry>? entries)
        => entries?.Select(entry => new BlkioStatEntry { Major = entry.Major, Minor = entry.Minor, Op = entry.Operation.ToLowerInvariant(), Value = entry.Value }).ToList();
}
