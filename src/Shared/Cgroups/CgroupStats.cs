namespace Berth.Shared.Cgroups;

/// <summary>What a cgroup has used, in the kernel's own counts; a part is null where its controller is missing.</summary>
public sealed record CgroupStats
{
    public CgroupCpuStats? Cpu { get; init; }
    public CgroupMemoryStats? Memory { get; init; }
    public CgroupPidsStats? Pids { get; init; }
    public CgroupIoStats? Io { get; init; }
    public IReadOnlyDictionary<string, CgroupHugetlbStats> Hugetlb { get; init; } = new Dictionary<string, CgroupHugetlbStats>();
}

/// <summary>Nanoseconds.</summary>
public sealed record CgroupCpuStats
{
    public ulong TotalNanoseconds { get; init; }
    public ulong UserNanoseconds { get; init; }
    public ulong SystemNanoseconds { get; init; }

    /// <summary>One value per possible CPU; null on v2, which doesn't count so.</summary>
    public ulong[]? PerCpuNanoseconds { get; init; }

    public ulong Periods { get; init; }
    public ulong ThrottledPeriods { get; init; }
    public ulong ThrottledNanoseconds { get; init; }
    public PressureStats? Pressure { get; init; }
}

/// <summary>Bytes.</summary>
public sealed record CgroupMemoryStats
{
    /// <summary>Page cache included.</summary>
    public ulong Usage { get; init; }

    public ulong? MaxUsage { get; init; }

    /// <summary>Null: no limit of its own.</summary>
    public ulong? Limit { get; init; }

    /// <summary>v2: swap alone. v1: memory and swap together.</summary>
    public ulong? SwapUsage { get; init; }

    public ulong? SwapLimit { get; init; }

    /// <summary>Times the limit was hit.</summary>
    public ulong FailCount { get; init; }

    /// <summary>File pages that can be dropped first: v1's total_inactive_file, v2's inactive_file. Usage minus this is what users call used.</summary>
    public ulong InactiveFile { get; init; }

    /// <summary>memory.stat as it is; names differ between v1 and v2.</summary>
    public IReadOnlyDictionary<string, ulong> Raw { get; init; } = new Dictionary<string, ulong>();

    public PressureStats? Pressure { get; init; }
}

/// <param name="Limit">Null: none.</param>
public sealed record CgroupPidsStats(ulong Current, ulong? Limit);

public sealed record CgroupIoStats
{
    public IReadOnlyList<CgroupIoEntry> ServiceBytes { get; init; } = [];
    public IReadOnlyList<CgroupIoEntry> Serviced { get; init; } = [];
    public PressureStats? Pressure { get; init; }
}

/// <param name="Operation">Read, Write, Sync, Async, Discard or Total; v2 has only the first two and Discard.</param>
public sealed record CgroupIoEntry(ulong Major, ulong Minor, string Operation, ulong Value);

public sealed record CgroupHugetlbStats(ulong Usage, ulong? MaxUsage, ulong FailCount);

/// <summary>Pressure stall information; Full is null for a CPU on kernels before 5.13.</summary>
public sealed record PressureStats(PressureLine Some, PressureLine? Full);

/// <summary>Shares of the last 10, 60 and 300 seconds in percent, and microseconds in all.</summary>
public sealed record PressureLine(double Average10, double Average60, double Average300, ulong TotalMicroseconds);
