using System.Globalization;

namespace Berth.Daemon.Hosting;

/// <summary>What this daemon was told at its start; defaults as on a host with one daemon.</summary>
internal sealed record DaemonOptions
{
    public const string DefaultConfigFile = "/etc/berth/berthd.json";
    public const string DefaultSocketGroup = "berth";

    /// <summary>Where the API is served; empty means the default Unix socket under <see cref="ExecRoot"/>.</summary>
    public IReadOnlyList<HostAddress> Hosts { get; init; } = [];

    public string DataRoot { get; init; } = "/var/lib/berth";

    public string ExecRoot { get; init; } = "/run/berth";

    public string? PidFile { get; init; }

    /// <summary>Group that owns the Unix socket; null: the default group, if the host has it.</summary>
    public string? SocketGroup { get; init; }

    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    public DaemonLogFormat LogFormat { get; init; } = DaemonLogFormat.Text;

    /// <summary>How long containers get on <c>--shutdown-timeout</c>; API requests in progress are given the same time.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(15);

    // The default network.

    /// <summary>Name of the default network's bridge; "none" switches the default network off.</summary>
    public string Bridge { get; init; } = "berth0";

    /// <summary>Address and prefix of the bridge, such as 172.30.0.1/16; null: chosen so as not to clash with the host's routes.</summary>
    public string? BridgeAddress { get; init; }

    /// <summary>Part of the bridge's network that containers get addresses from.</summary>
    public string? FixedCidr { get; init; }

    public string? FixedCidrV6 { get; init; }

    public bool Ipv6 { get; init; }

    /// <summary>0: that of the host's default route.</summary>
    public int Mtu { get; init; }

    public bool InterContainerCommunication { get; init; } = true;

    public bool IpMasquerade { get; init; } = true;

    public bool IpForward { get; init; } = true;

    /// <summary>Host address that published ports bind to when the client names none.</summary>
    public string DefaultPublishAddress { get; init; } = "0.0.0.0";

    /// <summary>What <c>host-gateway</c> in --add-host stands for; null: the bridge's address.</summary>
    public string? HostGatewayAddress { get; init; }

    /// <summary>"base=10.10.0.0/16,size=24" each: where networks get their addresses from; none: Docker's defaults.</summary>
    public IReadOnlyList<string> DefaultAddressPools { get; init; } = [];

    public IReadOnlyList<string> Dns { get; init; } = [];

    public IReadOnlyList<string> DnsOptions { get; init; } = [];

    public IReadOnlyList<string> DnsSearch { get; init; } = [];

    // Registries.

    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    public IReadOnlyList<string> RegistryMirrors { get; init; } = [];

    public int MaxConcurrentDownloads { get; init; } = 3;

    public int MaxConcurrentUploads { get; init; } = 5;

    public int MaxDownloadAttempts { get; init; } = 5;

    /// <summary>Proxy for requests to registries; null: that of the environment.</summary>
    public string? HttpProxy { get; init; }

    public string? HttpsProxy { get; init; }

    public string? NoProxy { get; init; }

    // Containers.

    public string CgroupParent { get; init; } = "/berth";

    /// <summary>Absolute path of Berth's own runtime program; null: <c>berth-runtime</c> beside the daemon, then in PATH.</summary>
    public string? RuntimePath { get; init; }

    /// <summary>Name of the runtime of containers that name none.</summary>
    public string DefaultRuntime { get; init; } = OwnRuntimeName;

    public const string OwnRuntimeName = "berth";

    /// <summary>OCI runtimes by name, beside Berth's own.</summary>
    public IReadOnlyDictionary<string, string> Runtimes { get; init; } = new Dictionary<string, string>();

    /// <summary>Arguments that a runtime gets before those of each command, by its name.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> RuntimeArguments { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Containers that do not say otherwise get an init process.</summary>
    public bool Init { get; init; }

    public string LogDriver { get; init; } = "json-file";

    public IReadOnlyDictionary<string, string> LogOptions { get; init; } = new Dictionary<string, string>();

    public long DefaultShmSizeBytes { get; init; } = 64L << 20;

    /// <summary>"private" or "shareable".</summary>
    public string DefaultIpcMode { get; init; } = "private";

    /// <summary>"private" or "host"; null: private on cgroup v2, the host's on v1.</summary>
    public string? DefaultCgroupnsMode { get; init; }

    /// <summary>Limits by their names, such as "nofile", of containers that ask for none of that name; -1 is unlimited.</summary>
    public IReadOnlyDictionary<string, (long Soft, long Hard)> DefaultUlimits { get; init; } = new Dictionary<string, (long, long)>();

    /// <summary>Whose subordinate ids containers run with: "user", "user:group", "default", or "auto" for a range each; null: no user namespaces.</summary>
    public string? UsernsRemap { get; init; }

    /// <summary>The ids that ranges of single containers are cut from.</summary>
    public (uint First, uint Count) UsernsPool { get; init; } = (DefaultUsernsFirst, DefaultUsernsCount);

    // Between what useradd and systemd hand out (up to 0x6fffffff) and the numbers that signed readers take for negative ones.
    public const uint DefaultUsernsFirst = 0x7000_0000, DefaultUsernsCount = 0x0fff_0000;

    /// <summary>Directories of CDI specifications; later ones win.</summary>
    public IReadOnlyList<string> CdiSpecDirs { get; init; } = [];

    public static IReadOnlyList<string> DefaultCdiSpecDirs { get; } = ["/etc/cdi", "/var/run/cdi"];

    /// <summary>Switches by name; see <see cref="OptionTable.FeatureNames"/>.</summary>
    public IReadOnlyDictionary<string, bool> Features { get; init; } = new Dictionary<string, bool>();

    public bool NoNewPrivileges { get; init; }

    /// <summary>Path of a seccomp profile that replaces the built-in one; null: built-in; "unconfined": none.</summary>
    public string? SeccompProfile { get; init; }

    /// <summary>Labels of this daemon, shown by /info.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    // Transport security.

    /// <summary>Serve TCP with TLS; with <see cref="TlsVerify"/> only to clients whose certificate the authority signed.</summary>
    public bool Tls { get; init; }

    public bool TlsVerify { get; init; }

    public string TlsCaCertificate { get; init; } = "/etc/berth/tls/ca.pem";

    public string TlsCertificate { get; init; } = "/etc/berth/tls/cert.pem";

    public string TlsKey { get; init; } = "/etc/berth/tls/key.pem";

    /// <summary>The one way to a TCP listener that lets anybody in; whoever reaches it is root on this host.</summary>
    public bool AllowUnauthenticatedTcp { get; init; }

    /// <summary>What the configuration file says, key by key as it stands there: to tell what a reload would have to change.</summary>
    public IReadOnlyDictionary<string, string> InFile { get; init; } = new Dictionary<string, string>();

    /// <summary>These options, with what can be changed in a running daemon from the other ones.</summary>
    public DaemonOptions Reloaded(DaemonOptions next) => this with
    {
        LogLevel = next.LogLevel,
        ShutdownTimeout = next.ShutdownTimeout,
        Labels = next.Labels,
        InsecureRegistries = next.InsecureRegistries,
        RegistryMirrors = next.RegistryMirrors,
        MaxConcurrentDownloads = next.MaxConcurrentDownloads,
        MaxConcurrentUploads = next.MaxConcurrentUploads,
        MaxDownloadAttempts = next.MaxDownloadAttempts,
        DefaultRuntime = next.DefaultRuntime,
        Runtimes = next.Runtimes,
        RuntimeArguments = next.RuntimeArguments,
        Init = next.Init,
        LogDriver = next.LogDriver,
        LogOptions = next.LogOptions,
        DefaultShmSizeBytes = next.DefaultShmSizeBytes,
        DefaultIpcMode = next.DefaultIpcMode,
        DefaultCgroupnsMode = next.DefaultCgroupnsMode,
        DefaultUlimits = next.DefaultUlimits,
        NoNewPrivileges = next.NoNewPrivileges,
        CdiSpecDirs = next.CdiSpecDirs,
        Features = next.Features,
        InFile = next.InFile,
    };

    public string DefaultSocketPath => Path.Combine(ExecRoot, "berth.sock");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"data root {DataRoot}, exec root {ExecRoot}");
}

internal enum DaemonLogFormat
{
    Text,
    Json,
}
