using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Planning;

/// <summary>What this host and this daemon's options allow; read once at start.</summary>
internal sealed record EngineFacts
{
    /// <summary>The name of Berth's own runtime.</summary>
    public const string OwnRuntime = "berth";

    /// <summary>The daemon's bounding set, by names such as "CAP_CHOWN": more than this it can't give.</summary>
    public required IReadOnlySet<string> Capabilities { get; init; }

    public required bool IsCgroupV2 { get; init; }

    /// <summary>Names of the cgroup controllers, by their version's names.</summary>
    public required IReadOnlySet<string> Controllers { get; init; }

    /// <summary>Swap accounting works (v1: memory.memsw files; v2: memory.swap files).</summary>
    public required bool HasSwapLimit { get; init; }

    public required int ProcessorCount { get; init; }

    public required IReadOnlySet<string> RuntimeNames { get; init; }

    /// <summary>The container was checked when it was made: what the daemon's options say now of others, or a host with fewer processors, must not make it unreadable.</summary>
    public bool IsKnownContainer { get; init; }

    public EngineFacts ForKnownContainers() => this with { IsKnownContainer = true, ProcessorCount = Math.Max(ProcessorCount, MostProcessors) };

    private const int MostProcessors = 1 << 16;

    /// <summary>Containers that don't say otherwise get a user namespace.</summary>
    public bool DefaultUserNamespace { get; init; }

    /// <summary>Null: containers can have user namespaces; else why not.</summary>
    public string? WhyNoUserNamespaces { get; init; }

    /// <summary>CDI devices can be asked for.</summary>
    public bool HasCdi { get; init; } = true;

    /// <summary>CDI offers devices of the kind nvidia.com/gpu.</summary>
    public bool HasCdiGpus { get; init; }

    /// <summary>The kernel confines processes by AppArmor.</summary>
    public bool HasAppArmor { get; init; }

    /// <summary>The kernel divides real-time processor time between cgroups.</summary>
    public bool HasRealtimeGroups { get; init; }

    public required string DefaultRuntime { get; init; }

    public required long DefaultShmSizeBytes { get; init; }

    /// <summary>Of containers that ask for none; null: what the daemon itself has, which is no better protected than others.</summary>
    public int? DefaultOomScoreAdj { get; init; }

    /// <summary>Of containers that ask for none; null: the daemon's own.</summary>
    public OciRlimit? DefaultOpenFiles { get; init; }

    public bool DefaultNoNewPrivileges { get; init; }

    /// <summary>Of containers that name none.</summary>
    public SeccompPlan DefaultSeccomp { get; init; } = SeccompPlan.Default;

    /// <summary>Containers that do not say otherwise get an init process.</summary>
    public bool DefaultInit { get; init; }

    /// <summary>"private" or "shareable".</summary>
    public string DefaultIpcMode { get; init; } = "private";

    /// <summary>Null: private on cgroup v2, the host's on v1.</summary>
    public string? DefaultCgroupnsMode { get; init; }

    /// <summary>Of containers that ask for none of the name; -1 is unlimited.</summary>
    public IReadOnlyDictionary<string, (long Soft, long Hard)> DefaultUlimits { get; init; } = new Dictionary<string, (long, long)>();

    public required string DefaultLogDriver { get; init; }

    public IReadOnlyDictionary<string, string> DefaultLogOptions { get; init; } = new Dictionary<string, string>();
}
