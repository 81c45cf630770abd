using System.Globalization;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Cgroups;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Finds out what this host and the daemon's options allow.</summary>
internal static class EngineFactsReader
{
    /// <exception cref="EngineException">InvalidArgument: the daemon's own options are wrong.</exception>
    public static EngineFacts Read(ContainersOptions options, CgroupHost cgroups) => new()
    {
        Capabilities = BoundingSet(File.ReadAllText("/proc/self/status")),
        IsCgroupV2 = cgroups.Mode == CgroupMode.V2,
        Controllers = cgroups.Controllers,
        HasSwapLimit = cgroups.Mode == CgroupMode.V2
            ? cgroups.Controllers.Contains("memory")
            : File.Exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"),
        ProcessorCount = OnlineProcessors(File.ReadAllText("/sys/devices/system/cpu/online")),
        RuntimeNames = options.Runtimes.Keys.ToHashSet(StringComparer.Ordinal),
        DefaultRuntime = options.DefaultRuntime,
        DefaultShmSizeBytes = options.DefaultShmSizeBytes,
        DefaultNoNewPrivileges = options.NoNewPrivileges,
        DefaultSeccomp = Seccomp(options.SeccompProfile),
        DefaultLogDriver = options.LogDriver,
        DefaultLogOptions = options.LogOptions,
    };

    /// <param name="status">/proc/self/status.</param>
    internal static IReadOnlySet<string> BoundingSet(string status)
    {
        var line = status.Split('\n').First(text => text.StartsWith("CapBnd:", StringComparison.Ordinal));
        var bits = ulong.Parse(line.AsSpan("CapBnd:".Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return CapabilitySet.Names.Where((_, number) => (bits >> number & 1) != 0).ToHashSet(StringComparer.Ordinal);
    }

    /// <param name="list">/sys/devices/system/cpu/online, such as "0-3,6".</param>
    internal static int OnlineProcessors(string list) => list.Trim().Split(',').Sum(range =>
    {
        var ends = range.Split('-', 2);
        return int.Parse(ends[^1], CultureInfo.InvariantCulture) - int.Parse(ends[0], CultureInfo.InvariantCulture) + 1;
    });

    private static SeccompPlan Seccomp(string? profile)
    {
        switch (profile)
        {
            case null or "" or "builtin":
                return SeccompPlan.Default;
            case "unconfined":
                return SeccompPlan.Unconfined;
            default:
                var json = File.ReadAllText(profile);
                SeccompProfile.Parse(json);
                return new SeccompPlan(SeccompKind.Custom, json);
        }
    }
}
