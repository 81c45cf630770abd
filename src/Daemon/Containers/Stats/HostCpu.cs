using System.Globalization;

namespace Berth.Daemon.Containers.Stats;

/// <summary>Processor time of the whole host, proc_stat(5).</summary>
/// <param name="TotalNanoseconds">Of all processors since boot, idle time included.</param>
/// <param name="Online">Processors in use.</param>
internal readonly record struct HostCpu(ulong TotalNanoseconds, int Online)
{
    /// <summary>The kernel counts in USER_HZ, which is 100 on every architecture that we run on.</summary>
    private const ulong NanosecondsPerTick = 10_000_000;

    public static HostCpu Read() => Parse(File.ReadLines("/proc/stat"));

    internal static HostCpu Parse(IEnumerable<string> lines)
    {
        var (ticks, online) = (0UL, 0);
        foreach (var line in lines)
        {
            if (!line.StartsWith("cpu", StringComparison.Ordinal))
            {
                break; // they come first
            }

            if (line[3] != ' ')
            {
                online++;
                continue;
            }

            // user nice system idle iowait irq softirq; guest time, which comes later, is in user's already.
            foreach (var field in line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(7))
            {
                ticks += ulong.Parse(field, CultureInfo.InvariantCulture);
            }
        }

        return new HostCpu(ticks * NanosecondsPerTick, online);
    }
}
