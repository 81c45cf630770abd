using System.Globalization;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Cgroups.V1;

/// <summary>The memory controller on v1.</summary>
internal static class V1Memory
{
    private const int EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800;

    /// <summary>What the files read where there is no limit: LONG_MAX in whole pages, so a little less on kernels with larger pages.</summary>
    private const ulong Unlimited = 0x7FFF_FFFF_FFFF_0000;

    public static void Apply(string? directory, OciMemory memory, LimitWriter limits)
    {
        ApplyLimitAndSwap(directory, memory, limits);
        if (memory.Reservation is { } reservation && reservation != 0)
        {
            limits.Set(directory, "memory.soft_limit_in_bytes", reservation, "memory reservation");
        }

        if (memory.KernelTcp is { } tcp && tcp != 0)
        {
            limits.Set(directory, "memory.kmem.tcp.limit_in_bytes", tcp, "kernel TCP memory limit");
        }

        if (memory.Kernel is { } kernel && kernel != 0)
        {
            // Linux 5.4 declared the limit obsolete and 5.16 dropped it; runtimes ignore it, and so do we, but aloud.
            limits.Warn("Kernel memory limit discarded: Linux has given it up; the memory limit counts kernel memory too");
        }

        if (memory.UseHierarchy == false)
        {
            limits.Lacks("memory accounting without hierarchy", "other accounting than hierarchical since Linux 5.11");
        }

        if (memory.DisableOomKiller == true)
        {
            limits.Set(directory, "memory.oom_control", 1, "switching off the OOM killer");
        }

        if (memory.Swappiness is { } swappiness)
        {
            if (swappiness > 100)
            {
                throw CgroupErrors.Contradiction($"Memory swappiness {swappiness} is outside of 0 to 100");
            }

            limits.Set(directory, "memory.swappiness", swappiness, "memory swappiness");
        }
    }

    /// <remarks>The kernel keeps limit ≤ limit with swap at each write, so raising and lowering need opposite orders.</remarks>
    private static void ApplyLimitAndSwap(string? directory, OciMemory memory, LimitWriter limits)
    {
        var limit = memory.Limit is 0 ? null : memory.Limit;
        var swap = memory.Swap is 0 ? null : memory.Swap;
        if (limit == -1 && swap is null)
        {
            swap = -1; // no limit on memory and one on memory with swap would contradict
        }

        if (limit is > 0 && swap is > 0 && swap < limit)
        {
            throw CgroupErrors.Contradiction("Minimum memoryswap limit should be larger than memory limit");
        }

        if (memory.CheckBeforeUpdate == true && limit is > 0 && directory is not null && FlatFile.Number($"{directory}/memory.usage_in_bytes") > (ulong)limit)
        {
            throw CgroupErrors.Contradiction($"Memory limit {limit} is below what is in use now, and the kernel would have to kill");
        }

        if (swap is null)
        {
            SetLimit(directory, limit, limits);
            return;
        }

        var current = directory is null ? null : FlatFile.Number($"{directory}/memory.memsw.limit_in_bytes");
        if (current is null)
        {
            SetLimit(directory, limit, limits);
            if (swap != -1)
            {
                limits.Lacks("swap limit", "memory.memsw.limit_in_bytes");
            }

            return;
        }

        var raises = swap == -1 || (ulong)swap > current;
        if (!raises)
        {
            SetLimit(directory, limit, limits);
        }

        limits.Set(directory, "memory.memsw.limit_in_bytes", swap.Value, "swap limit", "it can't be below the memory limit or what is in use");
        if (raises)
        {
            SetLimit(directory, limit, limits);
        }
    }

    private static void SetLimit(string? directory, long? limit, LimitWriter limits)
    {
        if (limit is { } value)
        {
            var use = directory is null ? null : FlatFile.Number($"{directory}/memory.usage_in_bytes");
            limits.Set(directory, "memory.limit_in_bytes", value, "memory limit", $"it can't be above the limit of memory with swap, nor below what can't be freed; {use} bytes are in use");
        }
    }

    public static CgroupMemoryStats Stats(string directory)
    {
        var raw = FlatFile.Pairs($"{directory}/memory.stat");
        return new CgroupMemoryStats
        {
            Usage = FlatFile.Number($"{directory}/memory.usage_in_bytes") ?? 0,
            MaxUsage = FlatFile.Number($"{directory}/memory.max_usage_in_bytes"),
            Limit = Limited(FlatFile.Number($"{directory}/memory.limit_in_bytes")),
            SwapUsage = FlatFile.Number($"{directory}/memory.memsw.usage_in_bytes"),
            SwapLimit = Limited(FlatFile.Number($"{directory}/memory.memsw.limit_in_bytes")),
            FailCount = FlatFile.Number($"{directory}/memory.failcnt") ?? 0,
            InactiveFile = raw.GetValueOrDefault("total_inactive_file"),
            Raw = raw,
        };
    }

    private static ulong? Limited(ulong? bytes) => bytes >= Unlimited ? null : bytes;

    /// <summary>Registers an eventfd by cgroup.event_control: "eventfd, descriptor of memory.oom_control".</summary>
    public static CgroupOomWatch WatchOom(ICgroup cgroup, string directory)
    {
        var events = Syscall.CheckFd(Libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");
        SafeFileHandle? control = null;
        try
        {
            control = KernelFiles.OpenForPolling($"{directory}/memory.oom_control");
            KernelFiles.WriteText($"{directory}/cgroup.event_control", string.Create(CultureInfo.InvariantCulture, $"{events.Fd()} {control.Fd()}"));
            return new CgroupOomWatch(cgroup, events, control);
        }
        catch
        {
            events.Dispose();
            control?.Dispose();
            throw;
        }
    }
}
