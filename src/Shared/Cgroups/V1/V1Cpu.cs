using System.Globalization;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.V1;

/// <summary>The cpu controller on v1: shares, quota, burst, idle, realtime.</summary>
internal static class V1Cpu
{
    public static void Apply(string? directory, OciCpu cpu, LimitWriter limits)
    {
        // Realtime before anything else: with CONFIG_RT_GROUP_SCHED a realtime process can't join while the runtime is 0.
        if (cpu.RealtimePeriod is > 0 and var realtimePeriod)
        {
            limits.Set(directory, "cpu.rt_period_us", realtimePeriod, "realtime period");
        }

        if (cpu.RealtimeRuntime is { } realtimeRuntime && realtimeRuntime != 0)
        {
            limits.Set(directory, "cpu.rt_runtime_us", realtimeRuntime, "realtime runtime", "the parents must have as much");
        }

        if (cpu.Shares is > 0 and var shares)
        {
            ApplyShares(directory, shares, limits);
        }

        ApplyBandwidth(directory, cpu, limits);
        if (cpu.Idle is { } idle)
        {
            limits.Set(directory, "cpu.idle", idle, "CPU idle class");
        }
    }

    private static void ApplyShares(string? directory, ulong shares, LimitWriter limits)
    {
        if (!limits.Set(directory, "cpu.shares", shares, "CPU shares"))
        {
            return;
        }

        // The kernel clamps without a word; a value that isn't the one asked for is worth a word.
        var taken = FlatFile.Number($"{directory}/cpu.shares");
        if (taken is { } value && value != shares)
        {
            limits.Warn($"CPU shares {shares} are outside of what the kernel takes: {value} set instead");
        }
    }

    private static void ApplyBandwidth(string? directory, OciCpu cpu, LimitWriter limits)
    {
        var periodLeft = cpu.Period is > 0 ? cpu.Period.Value.ToString(CultureInfo.InvariantCulture) : null;
        var burstLeft = cpu.Burst;
        if (directory is null)
        {
            if (periodLeft is not null || cpu.Quota is not (null or 0) || burstLeft is not null)
            {
                limits.Lacks("CPU quota", "cpu controller");
            }

            return;
        }

        // The old burst may exceed the new quota; it is set again last.
        if (cpu.Quota is > 0 && File.Exists($"{directory}/cpu.cfs_burst_us") && FlatFile.Number($"{directory}/cpu.cfs_burst_us") is > 0 and var oldBurst)
        {
            burstLeft ??= oldBurst;
            limits.Set(directory, "cpu.cfs_burst_us", 0, "CPU burst");
        }

        // Quota and period are checked as a pair at each write (against the parent's share), so either order can be the wrong one.
        if (periodLeft is not null && LimitWriter.Try(directory, "cpu.cfs_period_us", periodLeft) is Errno.None)
        {
            periodLeft = null;
        }

        if (cpu.Quota is { } quota && quota != 0)
        {
            limits.Set(directory, "cpu.cfs_quota_us", quota, "CPU quota", "at least 1000, and no larger share than the parent's");
        }

        if (periodLeft is not null)
        {
            limits.Set(directory, "cpu.cfs_period_us", periodLeft, "CPU period", "1000 to 1000000");
        }

        if (burstLeft is { } burst)
        {
            limits.Set(directory, "cpu.cfs_burst_us", burst, "CPU burst", "no more than the quota");
        }
    }
}
