using System.Globalization;
using Berth.Shared.Linux;

namespace Berth.Shared.Cgroups.V1;

internal sealed partial class CgroupV1
{
    /// <summary>USER_HZ, the unit of cpuacct.stat: 100 on every architecture that we build for.</summary>
    private const ulong NanosecondsPerTick = 10_000_000;

    public CgroupStats Stats() => new()
    {
        Cpu = CpuStats(),
        Memory = Find("memory") is { } memory ? V1Memory.Stats(memory) : null,
        Pids = Find("pids") is { } pids && FlatFile.Number($"{pids}/pids.current") is { } current
            ? new CgroupPidsStats(current, FlatFile.Number($"{pids}/pids.max"))
            : null,
        Io = Find("blkio") is { } blkio ? V1BlockIo.Stats(blkio) : null,
        Hugetlb = HugetlbStats(),
    };

    private CgroupCpuStats? CpuStats()
    {
        if (Find("cpuacct") is not { } cpuacct)
        {
            return null;
        }

        var ticks = FlatFile.Pairs($"{cpuacct}/cpuacct.stat");
        var bandwidth = Find("cpu") is { } cpu ? FlatFile.Pairs($"{cpu}/cpu.stat") : [];
        return new CgroupCpuStats
        {
            TotalNanoseconds = FlatFile.Number($"{cpuacct}/cpuacct.usage") ?? 0,
            UserNanoseconds = ticks.GetValueOrDefault("user") * NanosecondsPerTick,
            SystemNanoseconds = ticks.GetValueOrDefault("system") * NanosecondsPerTick,
            PerCpuNanoseconds = KernelFiles.ReadTextOrNull($"{cpuacct}/cpuacct.usage_percpu") is { } each
                ? [.. each.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(value => ulong.Parse(value, CultureInfo.InvariantCulture))]
                : null,
            Periods = bandwidth.GetValueOrDefault("nr_periods"),
            ThrottledPeriods = bandwidth.GetValueOrDefault("nr_throttled"),
            ThrottledNanoseconds = bandwidth.GetValueOrDefault("throttled_time"),
        };
    }

    private Dictionary<string, CgroupHugetlbStats> HugetlbStats()
    {
        var stats = new Dictionary<string, CgroupHugetlbStats>(StringComparer.Ordinal);
        if (Find("hugetlb") is { } directory)
        {
            foreach (var size in HugepageSizes.All)
            {
                var file = $"{directory}/hugetlb.{size}";
                stats[size] = new CgroupHugetlbStats(
                    FlatFile.Number($"{file}.usage_in_bytes") ?? 0,
                    FlatFile.Number($"{file}.max_usage_in_bytes"),
                    FlatFile.Number($"{file}.failcnt") ?? 0);
            }
        }

        return stats;
    }
}
