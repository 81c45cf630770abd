using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Planning;

/// <summary>A create request after it was understood: units are typed, defaults filled in, the image's configuration merged, nothing left to check but the host.</summary>
internal sealed record ContainerPlan
{
    public required ProcessPlan Process { get; init; }

    public NamespacePlan Namespaces { get; init; } = new();

    public SecurityPlan Security { get; init; } = new();

    /// <summary>In the order of their targets' depth; anonymous volumes have no name yet.</summary>
    public IReadOnlyList<MountPlan> Mounts { get; init; } = [];

    /// <summary>"container[:ro|rw]" each: their mounts come along.</summary>
    public IReadOnlyList<string> VolumesFrom { get; init; } = [];

    /// <summary>How much may be written into the container's own layer; null: as much as there is.</summary>
    public long? StorageSizeBytes { get; init; }

    public IReadOnlyList<DevicePlan> Devices { get; init; } = [];

    /// <summary>Qualified names of CDI devices, "vendor/class=name".</summary>
    public IReadOnlyList<string> CdiDevices { get; init; } = [];

    public ResourcePlan Resources { get; init; } = new();

    public NetworkPlan Network { get; init; } = new();

    public LogPlan Log { get; init; } = new();

    public RestartPlan Restart { get; init; } = new();

    /// <summary>Null: nothing is checked.</summary>
    public HealthPlan? Health { get; init; }

    /// <summary>Removed, with its anonymous volumes, when it exits.</summary>
    public bool AutoRemove { get; init; }

    public bool ReadonlyRootfs { get; init; }

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Sysctls { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Annotations { get; init; } = new Dictionary<string, string>();

    /// <summary>A signal number.</summary>
    public int StopSignal { get; init; } = 15;

    /// <summary>How long stop waits before it kills; null: the daemon's default.</summary>
    public TimeSpan? StopTimeout { get; init; }

    /// <summary>The engine's own init is the first process, and the program its child.</summary>
    public bool Init { get; init; }

    /// <summary>Name of a configured OCI runtime; null for Berth's own.</summary>
    public string? Runtime { get; init; }
}

/// <summary>The first process and its stdio.</summary>
internal sealed record ProcessPlan
{
    /// <summary>Program and arguments: entrypoint and command joined; never empty.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The image's and the request's variables, merged; PATH, HOSTNAME, TERM and HOME are added when the container starts.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    public string WorkingDirectory { get; init; } = "/";

    /// <summary>"user[:group]" by names or numbers, resolved in the container's own files at start; empty means root.</summary>
    public string User { get; init; } = "";

    public IReadOnlyList<string> GroupAdd { get; init; } = [];

    public bool Tty { get; init; }

    public bool OpenStdin { get; init; }

    public bool StdinOnce { get; init; }

    /// <summary>Initial terminal size; null when unknown.</summary>
    public OciBox? ConsoleSize { get; init; }

    public IReadOnlyList<OciRlimit> Rlimits { get; init; } = [];

    public int? OomScoreAdj { get; init; }
}

/// <summary>Which namespaces are the container's own.</summary>
internal sealed record NamespacePlan
{
    /// <summary>Null: the short id.</summary>
    public string? Hostname { get; init; }

    public string? Domainname { get; init; }

    public NamespaceMode Pid { get; init; } = NamespaceMode.Private;

    public NamespaceMode Ipc { get; init; } = NamespaceMode.Private;

    public NamespaceMode Uts { get; init; } = NamespaceMode.Private;

    /// <summary>Null: private on cgroup v2, the host's on v1, as Docker decides.</summary>
    public NamespaceMode? Cgroup { get; init; }

    public UserMode User { get; init; } = UserMode.Default;
}

internal enum UserKind
{
    /// <summary>As the daemon's option userns-remap says.</summary>
    Default,
    Host,

    /// <summary>A range of ids of the container's own.</summary>
    Auto,
}

/// <param name="Size">Ids wanted; 0: the usual number.</param>
internal sealed record UserMode(UserKind Kind, uint Size = 0)
{
    public static UserMode Default { get; } = new(UserKind.Default);
}

internal enum NamespaceKind { Private, Host, Container, Shareable, None }

/// <param name="Container">Name or id of the container whose namespace is joined.</param>
internal sealed record NamespaceMode(NamespaceKind Kind, string? Container = null)
{
    public static NamespaceMode Private { get; } = new(NamespaceKind.Private);

    public static NamespaceMode Host { get; } = new(NamespaceKind.Host);
}

internal sealed record SecurityPlan
{
    public bool Privileged { get; init; }

    /// <summary>Names such as "CAP_CHOWN": the capabilities that the container gets, all rules applied.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    public bool NoNewPrivileges { get; init; }

    /// <summary>An AppArmor profile that the kernel has loaded; null: none is set.</summary>
    public string? AppArmorProfile { get; init; }

    public SeccompPlan Seccomp { get; init; } = SeccompPlan.Default;

    public IReadOnlyList<string> MaskedPaths { get; init; } = [];

    public IReadOnlyList<string> ReadonlyPaths { get; init; } = [];

    /// <summary>The cgroup file system may be written from inside.</summary>
    public bool WritableCgroups { get; init; }
}

/// <param name="Profile">Docker's or OCI's JSON profile, for <see cref="SeccompKind.Custom"/>.</param>
internal sealed record SeccompPlan(SeccompKind Kind, string? Profile = null)
{
    public static SeccompPlan Default { get; } = new(SeccompKind.Default);

    public static SeccompPlan Unconfined { get; } = new(SeccompKind.Unconfined);
}

internal enum SeccompKind { Default, Unconfined, Custom }

internal sealed record ResourcePlan
{
    /// <summary>In OCI's shape, but for device numbers, which are looked up at start.</summary>
    public OciResources Limits { get; init; } = new();

    public IReadOnlyList<BlockDeviceRate> ReadBps { get; init; } = [];

    public IReadOnlyList<BlockDeviceRate> WriteBps { get; init; } = [];

    public IReadOnlyList<BlockDeviceRate> ReadIops { get; init; } = [];

    public IReadOnlyList<BlockDeviceRate> WriteIops { get; init; } = [];

    public IReadOnlyList<BlockDeviceRate> Weights { get; init; } = [];

    public long ShmSizeBytes { get; init; } = 64L << 20;

    /// <summary>Absolute path below which the container's cgroup is made; null: the daemon's default.</summary>
    public string? CgroupParent { get; init; }
}

internal sealed record BlockDeviceRate(string Path, ulong Value);

/// <param name="Access">Of "rwm".</param>
internal sealed record DevicePlan(string PathOnHost, string PathInContainer, string Access);

internal sealed record RestartPlan(RestartKind Kind = RestartKind.No, int MaximumRetries = 0);

internal enum RestartKind { No, Always, UnlessStopped, OnFailure }

internal sealed record LogPlan
{
    /// <summary>One of <see cref="LogDriver"/>; "local" is kept in the same form as "json-file".</summary>
    public string Driver { get; init; } = LogDriver.JsonFile;

    /// <summary>False where lines go to a receiver alone.</summary>
    public bool KeepsFiles { get; init; } = true;

    /// <summary>Of the files: 0: never rotated.</summary>
    public long MaxSizeBytes { get; init; }

    public int MaxFiles { get; init; } = 1;

    public bool Compress { get; init; }

    /// <summary>Attributes repeated in every line; null for none.</summary>
    public Dictionary<string, string>? Attributes { get; init; }

    /// <summary>Template of the tag; null for the driver's own.</summary>
    public string? Tag { get; init; }

    /// <summary>The container never waits for the receiver.</summary>
    public bool NonBlocking { get; init; }

    public long BufferBytes { get; init; }

    public SyslogPlan? Syslog { get; init; }

    /// <summary>What was written can be read back.</summary>
    public bool IsReadable => Driver != LogDriver.None && KeepsFiles;
}

internal sealed record SyslogPlan
{
    public LogTransport Transport { get; init; }

    /// <summary>Of the socket; null with <see cref="LogTransport.UnixEither"/>: wherever this host has its syslog.</summary>
    public string? Path { get; init; }

    /// <summary>Name or address; null for a Unix socket.</summary>
    public string? Host { get; init; }

    public int Port { get; init; }

    public int Facility { get; init; }

    public SyslogFormat Format { get; init; }
}
