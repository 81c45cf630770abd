using System.Globalization;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups.V2;

internal sealed partial class CgroupV2
{
    public IReadOnlyList<string> Apply(OciResources resources)
    {
        var limits = new LimitWriter();
        if (resources.Devices is { } devices)
        {
            V2Devices.Apply(Directory, devices);
        }

        if (resources.Pids is { Limit: not 0 } pids)
        {
            limits.Set(Directory, "pids.max", MaxOr(pids.Limit), "pids limit");
        }

        if (resources.Memory is { } memory)
        {
            ApplyMemory(memory, limits);
        }

        if (resources.BlockIo is { } blockIo)
        {
            ApplyIo(blockIo, limits);
        }

        if (resources.Cpu is { } cpu)
        {
            ApplyCpu(cpu, limits);
        }

        foreach (var page in resources.HugepageLimits ?? [])
        {
            if (limits.Set(Directory, $"hugetlb.{page.PageSize}.max", page.Limit, $"limit of {page.PageSize} huge pages")
                && File.Exists($"{Directory}/hugetlb.{page.PageSize}.rsvd.max"))
            {
                // Without the reservation limit a process can map more than the limit and be killed by SIGBUS when it touches it.
                limits.Set(Directory, $"hugetlb.{page.PageSize}.rsvd.max", page.Limit, $"reservation limit of {page.PageSize} huge pages");
            }
        }

        foreach (var (device, rdma) in resources.Rdma ?? [])
        {
            limits.Set(Directory, "rdma.max", RdmaLine.Format(device, rdma), $"RDMA limit of {device}");
        }

        if (resources.Network is { ClassId: not null } or { Priorities.Length: > 0 })
        {
            limits.Lacks("network class and priorities", "net_cls and net_prio controllers: cgroup v2 leaves them to eBPF");
        }

        ApplyUnified(resources.Unified ?? [], limits);
        return limits.Warnings;
    }

    private void ApplyMemory(OciMemory memory, LimitWriter limits)
    {
        var swap = V2Conversions.SwapOnly(memory);
        if (memory.CheckBeforeUpdate == true && memory.Limit is > 0 and var newLimit && FlatFile.Number($"{Directory}/memory.current") > (ulong)newLimit)
        {
            throw CgroupErrors.Contradiction($"Memory limit {newLimit} is below what is in use now, and the kernel would have to kill");
        }

        // Swap first: its limit alone never kills, and a lower memory limit then has the new room to swap into.
        if (swap is { } swapBytes && (swapBytes != -1 || File.Exists($"{Directory}/memory.swap.max")))
        {
            limits.Set(Directory, "memory.swap.max", MaxOr(swapBytes), "swap limit");
        }

        if (memory.Limit is { } limit && limit != 0)
        {
            limits.Set(Directory, "memory.max", MaxOr(limit), "memory limit");
        }

        if (memory.Reservation is { } reservation && reservation != 0)
        {
            limits.Set(Directory, "memory.low", MaxOr(reservation), "memory reservation");
        }

        if (memory.Kernel is { } kernel && kernel != 0)
        {
            limits.Warn("Kernel memory limit discarded: Linux has given it up; the memory limit counts kernel memory too");
        }

        if (memory.KernelTcp is { } tcp && tcp != 0)
        {
            limits.Lacks("kernel TCP memory limit", "such limit on cgroup v2; the memory limit counts it");
        }

        if (memory.UseHierarchy == false)
        {
            limits.Lacks("memory accounting without hierarchy", "other accounting than hierarchical since Linux 5.11");
        }

        if (memory.DisableOomKiller == true)
        {
            limits.Lacks("switching off the OOM killer", "way to do so on cgroup v2");
        }

        if (memory.Swappiness is not null)
        {
            limits.Lacks("memory swappiness", "swappiness of a single cgroup on cgroup v2");
        }
    }

    private void ApplyCpu(OciCpu cpu, LimitWriter limits)
    {
        if (cpu.RealtimePeriod is > 0 || cpu.RealtimeRuntime is not (null or 0))
        {
            limits.Lacks("realtime CPU limit", "realtime limits on cgroup v2");
        }

        // The kernel refuses a weight while the group is idle, and sets the smallest one when it becomes idle.
        if (cpu.Idle is { } idle)
        {
            limits.Set(Directory, "cpu.idle", idle, "CPU idle class");
        }

        if (cpu.Shares is > 0 and var shares && cpu.Idle is not 1)
        {
            limits.Set(Directory, "cpu.weight", V2Conversions.CpuWeight(shares), "CPU shares");
        }

        ApplyBandwidth(cpu, limits);
        if (!string.IsNullOrEmpty(cpu.Cpus))
        {
            limits.Set(Directory, "cpuset.cpus", cpu.Cpus, "CPU set");
        }

        if (!string.IsNullOrEmpty(cpu.Mems))
        {
            limits.Set(Directory, "cpuset.mems", cpu.Mems, "memory node set");
        }
    }

    private void ApplyBandwidth(OciCpu cpu, LimitWriter limits)
    {
        var burstLeft = cpu.Burst;
        var quota = cpu.Quota is 0 ? null : cpu.Quota;
        var period = cpu.Period is 0 ? null : cpu.Period;
        if (quota is not null || period is not null)
        {
            // The kernel refuses a quota below the burst that is set.
            if (quota is > 0 && FlatFile.Number($"{Directory}/cpu.max.burst") is > 0 and var oldBurst)
            {
                burstLeft ??= oldBurst;
                limits.Set(Directory, "cpu.max.burst", 0, "CPU burst");
            }

            // "quota" alone keeps the period; a period alone needs the quota repeated.
            var quotaText = quota is { } value ? MaxOr(value) : (KernelFiles.ReadTextOrNull($"{Directory}/cpu.max") ?? "max").Split(' ')[0].Trim();
            limits.Set(Directory, "cpu.max", period is null ? quotaText : $"{quotaText} {period}", "CPU quota", "quota at least 1000, period 1000 to 1000000");
        }

        if (burstLeft is { } burst)
        {
            limits.Set(Directory, "cpu.max.burst", burst, "CPU burst", "no more than the quota");
        }
    }

    private void ApplyIo(OciBlockIo io, LimitWriter limits)
    {
        var bfq = File.Exists($"{Directory}/io.bfq.weight");
        if (io.Weight is > 0 and var weight)
        {
            limits.Set(Directory, bfq ? "io.bfq.weight" : "io.weight", bfq ? weight : V2Conversions.IoWeight(Math.Max((ushort)10, weight)), "block I/O weight", "10 to 1000");
        }

        foreach (var device in (io.WeightDevice ?? []).Where(d => d.Weight is > 0))
        {
            var name = $"{device.Major}:{device.Minor}";
            var value = bfq ? device.Weight!.Value : V2Conversions.IoWeight(Math.Max((ushort)10, device.Weight!.Value));
            limits.Set(Directory, bfq ? "io.bfq.weight" : "io.weight", $"{name} {value}", $"block I/O weight of device {name}");
        }

        if (io.LeafWeight is > 0 || (io.WeightDevice ?? []).Any(d => d.LeafWeight is > 0))
        {
            limits.Lacks("block I/O leaf weight", "leaf weights on cgroup v2");
        }

        Throttle("rbps", io.ThrottleReadBpsDevice, limits);
        Throttle("wbps", io.ThrottleWriteBpsDevice, limits);
        Throttle("riops", io.ThrottleReadIopsDevice, limits);
        Throttle("wiops", io.ThrottleWriteIopsDevice, limits);
    }

    private void Throttle(string key, OciThrottleDevice[]? devices, LimitWriter limits)
    {
        foreach (var device in devices ?? [])
        {
            // v1 and Docker say 0 where v2 says max.
            var rate = device.Rate == 0 ? "max" : device.Rate.ToString(CultureInfo.InvariantCulture);
            limits.Set(Directory, "io.max", $"{device.Major}:{device.Minor} {key}={rate}", $"I/O limit of device {device.Major}:{device.Minor}");
        }
    }

    /// <summary>Files named by the user; no warning in the place of an error here, as the name was theirs.</summary>
    private void ApplyUnified(Dictionary<string, string> unified, LimitWriter limits)
    {
        foreach (var (file, value) in unified)
        {
            if (file.Contains('/') || !file.Contains('.') || file.StartsWith("cgroup.", StringComparison.Ordinal))
            {
                throw CgroupErrors.Contradiction($"Unified resource {file} is not a controller's file such as memory.high");
            }

            if (!File.Exists($"{Directory}/{file}"))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"Unified resource {file} can't be set: the {file[..file.IndexOf('.')]} controller is not available, or has no such file");
            }

            foreach (var line in value.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                limits.Set(Directory, file, line, file);
            }
        }
    }

    private static string MaxOr(long value) => value < 0 ? "max" : value.ToString(CultureInfo.InvariantCulture);
}
