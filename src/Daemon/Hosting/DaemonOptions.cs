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

    public IReadOnlyList<string> Dns { get; init; } = [];

    public IReadOnlyList<string> DnsOptions { get; init; } = [];

    public IReadOnlyList<string> DnsSearch { get; init; } = [];

    // Registries.

    public IReadOnlyList<string> InsecureRegistries { get; init; } = [];

    public IReadOnlyList<string> RegistryMirrors { get; init; } = [];

    public int MaxConcurrentDownloads { get; init; } = 3;

    public int MaxDownloadAttempts { get; init; } = 5;

    // Containers.

    public string CgroupParent { get; init; } = "/berth";

    /// <summary>Absolute path of Berth's own runtime program; null: <c>berth-runtime</c> beside the daemon, then in PATH.</summary>
    public string? RuntimePath { get; init; }

    /// <summary>Name of the runtime of containers that name none.</summary>
    public string DefaultRuntime { get; init; } = OwnRuntimeName;

    public const string OwnRuntimeName = "berth";

    /// <summary>OCI runtimes by name, beside Berth's own.</summary>
    public IReadOnlyDictionary<string, string> Runtimes { get; init; } = new Dictionary<string, string>();

    /// <summary>Containers that do not say otherwise get an init process.</summary>
    public bool Init { get; init; }

    public string LogDriver { get; init; } = "json-file";

    public IReadOnlyDictionary<string, string> LogOptions { get; init; } = new Dictionary<string, string>();

    public long DefaultShmSizeBytes { get; init; } = 64L << 20;

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

    public string DefaultSocketPath => Path.Combine(ExecRoot, "berth.sock");

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"data root {DataRoot}, exec root {ExecRoot}");
}

internal enum DaemonLogFormat
{
    Text,
    Json,
}
