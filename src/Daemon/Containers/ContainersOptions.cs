namespace Berth.Daemon.Containers;

/// <summary>What the containers feature needs of the daemon's options; the composition fills it.</summary>
internal sealed record ContainersOptions
{
    /// <summary>Holds containers/ and volumes/.</summary>
    public required string DataRoot { get; init; }

    /// <summary>Run state: sockets of supervisors.</summary>
    public required string ExecRoot { get; init; }

    /// <summary>Absolute path of Berth's own runtime program.</summary>
    public required string RuntimePath { get; init; }

    /// <summary>Other OCI runtimes: name to absolute path.</summary>
    public IReadOnlyDictionary<string, string> Runtimes { get; init; } = new Dictionary<string, string>();

    /// <summary>Arguments that a runtime gets before those of each command, by its name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> RuntimeArguments { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Of containers that name none.</summary>
    public string DefaultRuntime { get; init; } = Planning.EngineFacts.OwnRuntime;

    public string CgroupParent { get; init; } = "/berth";

    public long DefaultShmSizeBytes { get; init; } = 64L << 20;

    /// <summary>"private" or "shareable".</summary>
    public string DefaultIpcMode { get; init; } = "private";

    /// <summary>Null: private on cgroup v2, the host's on v1.</summary>
    public string? DefaultCgroupnsMode { get; init; }

    /// <summary>-1 is unlimited.</summary>
    public IReadOnlyDictionary<string, (long Soft, long Hard)> DefaultUlimits { get; init; } = new Dictionary<string, (long, long)>();

    public bool NoNewPrivileges { get; init; }

    /// <summary>Path of a seccomp profile that replaces the built-in one; null: built-in; "unconfined": none.</summary>
    public string? SeccompProfile { get; init; }

    /// <summary>Containers that do not say otherwise get an init process.</summary>
    public bool Init { get; init; }

    public string LogDriver { get; init; } = "json-file";

    public IReadOnlyDictionary<string, string> LogOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>How long stop waits before it kills, where the container does not say.</summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Resolvers given to containers that name none; empty: the host's.</summary>
    public IReadOnlyList<string> Dns { get; init; } = [];

    public IReadOnlyList<string> DnsOptions { get; init; } = [];

    public IReadOnlyList<string> DnsSearch { get; init; } = [];
}
