using System.Globalization;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Cgroups;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Finds out what this host and the daemon's options allow.</summary>
internal static class EngineFactsReader
{
    private const int OpenFilesResource = 7; // RLIMIT_NOFILE

    /// <exception cref="EngineException">InvalidArgument: the daemon's own options are wrong.</exception>
    public static EngineFacts Read(ContainersOptions options, CgroupHost cgroups) => WithDefaults(new EngineFacts
    {
        Capabilities = BoundingSet(File.ReadAllText("/proc/self/status")),
        IsCgroupV2 = cgroups.Mode == CgroupMode.V2,
        Controllers = cgroups.Controllers,
        HasSwapLimit = cgroups.Mode == CgroupMode.V2
            ? cgroups.Controllers.Contains("memory")
            : File.Exists("/sys/fs/cgroup/memory/memory.memsw.limit_in_bytes"),
        ProcessorCount = OnlineProcessors(File.ReadAllText("/sys/devices/system/cpu/online")),
        DefaultOomScoreAdj = OwnOomScoreAdj(File.ReadAllText("/proc/self/oom_score_adj")),
        DefaultOpenFiles = OpenFiles(Privileges.Limit(OpenFilesResource)),
        HasAppArmor = ReadOrEmpty("/sys/module/apparmor/parameters/enabled").StartsWith('Y'),
        HasRealtimeGroups = cgroups.Mode != CgroupMode.V2 && File.Exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us"),
        DefaultSeccomp = Seccomp(options.SeccompProfile),
        RuntimeNames = new HashSet<string>(),
        DefaultRuntime = "",
        DefaultShmSizeBytes = 0,
        DefaultLogDriver = "",
    }, options);

    /// <summary>The same host, with what the options say of containers that don't say it themselves; made anew when the options are reloaded.</summary>
    public static EngineFacts WithDefaults(EngineFacts facts, ContainersOptions options) => facts with
    {
        RuntimeNames = options.Runtimes.Keys.ToHashSet(StringComparer.Ordinal),
        DefaultRuntime = options.DefaultRuntime,
        DefaultShmSizeBytes = options.DefaultShmSizeBytes,
        DefaultIpcMode = options.DefaultIpcMode,
        DefaultCgroupnsMode = options.DefaultCgroupnsMode,
        DefaultUlimits = options.DefaultUlimits,
        DefaultNoNewPrivileges = options.NoNewPrivileges,
        DefaultInit = options.Init,
        DefaultLogDriver = options.LogDriver,
        DefaultLogOptions = options.LogOptions,
    };

    private static string ReadOrEmpty(string path) => File.Exists(path) ? File.ReadAllText(path) : "";

    /// <summary>A service manager may have the kernel spare the daemon; its containers shall not inherit that.</summary>
    /// <param name="own">/proc/self/oom_score_adj.</param>
    internal static int? OwnOomScoreAdj(string own) => int.Parse(own, CultureInfo.InvariantCulture) < 0 ? 0 : null;

    /// <summary>
    /// The kernel's own soft limit: .NET has raised the daemon's to the hard one, and programs that walk all possible descriptors or use select(2) suffer from that.
    /// </summary>
    internal static OciRlimit OpenFiles(Privileges.ResourceLimit own) => new("RLIMIT_NOFILE", Math.Min(1024, own.Hard), own.Hard);

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
