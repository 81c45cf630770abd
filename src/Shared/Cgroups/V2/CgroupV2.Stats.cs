using System.Globalization;
using Berth.Shared.Linux;

namespace Berth.Shared.Cgroups.V2;

internal sealed partial class CgroupV2
{
    public CgroupStats Stats() => new()
    {
        Cpu = CpuStats(),
        Memory = MemoryStats(),
        Pids = FlatFile.Number($"{Directory}/pids.current") is { } current
            ? new CgroupPidsStats(current, FlatFile.Number($"{Directory}/pids.max"))
            : null,
        Io = KernelFiles.ReadTextOrNull($"{Directory}/io.stat") is { } io ? ParseIo(io) with { Pressure = FlatFile.Pressure($"{Directory}/io.pressure") } : null,
        Hugetlb = HugetlbStats(),
    };

    private CgroupCpuStats? CpuStats()
    {
        // Usage is there without the cpu controller, throttling only with it.
        var stat = FlatFile.Pairs($"{Directory}/cpu.stat");
        return stat.Count == 0 ? null : new CgroupCpuStats
        {
            TotalNanoseconds = stat.GetValueOrDefault("usage_usec") * 1000,
            UserNanoseconds = stat.GetValueOrDefault("user_usec") * 1000,
            SystemNanoseconds = stat.GetValueOrDefault("system_usec") * 1000,
            Periods = stat.GetValueOrDefault("nr_periods"),
            ThrottledPeriods = stat.GetValueOrDefault("nr_throttled"),
            ThrottledNanoseconds = stat.GetValueOrDefault("throttled_usec") * 1000,
            Pressure = FlatFile.Pressure($"{Directory}/cpu.pressure"),
        };
    }

    private CgroupMemoryStats? MemoryStats()
    {
        if (FlatFile.Number($"{Directory}/memory.current") is not { } usage)
        {
            return null;
        }

        var raw = FlatFile.Pairs($"{Directory}/memory.stat");
        return new CgroupMemoryStats
        {
            Usage = usage,
            MaxUsage = FlatFile.Number($"{Directory}/memory.peak"),
            Limit = FlatFile.Number($"{Directory}/memory.max"),
            SwapUsage = FlatFile.Number($"{Directory}/memory.swap.current"),
            SwapLimit = FlatFile.Number($"{Directory}/memory.swap.max"),
            FailCount = FlatFile.Pairs($"{Directory}/memory.events").GetValueOrDefault("max"),
            InactiveFile = raw.GetValueOrDefault("inactive_file"),
            Raw = raw,
            Pressure = FlatFile.Pressure($"{Directory}/memory.pressure"),
        };
    }

    /// <summary>Lines "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6".</summary>
    internal static CgroupIoStats ParseIo(string text)
    {
        var bytes = new List<CgroupIoEntry>();
        var operations = new List<CgroupIoEntry>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            var device = words[0].Split(':');
            if (device.Length != 2
                || !ulong.TryParse(device[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
                || !ulong.TryParse(device[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor))
            {
                continue;
            }

            foreach (var word in words.Skip(1))
            {
                var equals = word.IndexOf('=');
                if (equals < 0 || !ulong.TryParse(word.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
                {
                    continue;
                }

                (List<CgroupIoEntry>? list, string operation) = word[..equals] switch
                {
                    "rbytes" => (bytes, "Read"),
                    "wbytes" => (bytes, "Write"),
                    "dbytes" => (bytes, "Discard"),
                    "rios" => (operations, "Read"),
                    "wios" => (operations, "Write"),
                    "dios" => (operations, "Discard"),
                    _ => (null, ""),
                };
                list?.Add(new CgroupIoEntry(major, minor, operation, value));
            }
        }

        return new CgroupIoStats { ServiceBytes = bytes, Serviced = operations };
    }

    private Dictionary<string, CgroupHugetlbStats> HugetlbStats()
    {
        var stats = new Dictionary<string, CgroupHugetlbStats>(StringComparer.Ordinal);
        foreach (var size in HugepageSizes.All)
        {
            if (FlatFile.Number($"{Directory}/hugetlb.{size}.current") is { } usage)
            {
                stats[size] = new CgroupHugetlbStats(usage, null, FlatFile.Pairs($"{Directory}/hugetlb.{size}.events").GetValueOrDefault("max"));
            }
        }

        return stats;
    }
}
