namespace Berth.Daemon.Hosting;

/// <summary>Every option of the daemon. Names are dockerd's where dockerd has the thing, so that its administrators need not learn.</summary>
internal static partial class OptionTable
{
    public static readonly OptionDefinition[] All =
    [
        List("host", 'H', "hosts", "address", "Serve the API here: unix:///path, tcp://address:port or fd:// (again for more)", (o, v) => o with { Hosts = [.. o.Hosts, HostAddress.Parse(v)] }),
        Value("data-root", null, "directory", "Directory of images, containers and all other lasting state", (o, v) => o with { DataRoot = Absolute("data-root", v) }),
        Value("exec-root", null, "directory", "Directory of sockets and other state of this boot", (o, v) => o with { ExecRoot = Absolute("exec-root", v) }),
        Value("pidfile", 'p', "file", "Write the daemon's process id to this file", (o, v) => o with { PidFile = Absolute("pidfile", v) }),
        Value("group", 'G', "name", "Group of the Unix socket (default \"berth\", if the host has it)", (o, v) => o with { SocketGroup = v }),
        Value("log-level", 'l', "level", "debug, info, warn, error or fatal", (o, v) => o with { LogLevel = ParseLogLevel(v) }).Reloading(),
        Flag("debug", 'D', "Same as --log-level debug", (o, on) => on ? o with { LogLevel = LogLevel.Debug } : o).Reloading(),
        Value("log-format", null, "format", "text or json", (o, v) => o with { LogFormat = ParseLogFormat(v) }),
        Value("shutdown-timeout", null, "seconds", "How long requests in progress get when the daemon stops", (o, v) => o with { ShutdownTimeout = TimeSpan.FromSeconds(Number("shutdown-timeout", v, 0, 86400)) }).Reloading(),
        List("label", null, "labels", "key=value", "Label of this daemon, shown by info", (o, v) => o with { Labels = [.. o.Labels, KeyValue("label", v, out _) + "=" + v[(v.IndexOf('=', StringComparison.Ordinal) + 1)..]] }).Reloading(),

        Value("bridge", 'b', "name", "Bridge of the default network (\"none\": no default network)", (o, v) => o with { Bridge = InterfaceName(v) }),
        Value("bip", null, "address/prefix", "Address of the default network's bridge", (o, v) => o with { BridgeAddress = Network("bip", v) }),
        Value("fixed-cidr", null, "network", "Give containers addresses of this part of the bridge's network", (o, v) => o with { FixedCidr = Network("fixed-cidr", v) }),
        Value("fixed-cidr-v6", null, "network", "IPv6 network of the default bridge", (o, v) => o with { FixedCidrV6 = Network("fixed-cidr-v6", v) }),
        Flag("ipv6", null, "Give containers on the default network IPv6 addresses", (o, on) => o with { Ipv6 = on }),
        Value("mtu", null, "bytes", "MTU of the default network (0: the host's)", (o, v) => o with { Mtu = (int)Number("mtu", v, 0, 65535) }),
        Flag("icc", null, "Let containers on the default network reach each other (default true)", (o, on) => o with { InterContainerCommunication = on }),
        Flag("ip-masq", null, "Translate containers' addresses to the host's on the way out (default true)", (o, on) => o with { IpMasquerade = on }),
        Flag("ip-forward", null, "Switch the host's IP forwarding on (default true)", (o, on) => o with { IpForward = on }),
        Value("ip", null, "address", "Host address that published ports bind to by default", (o, v) => o with { DefaultPublishAddress = Ip("ip", v) }),
        Value("host-gateway-ip", null, "address", "What host-gateway means in --add-host", (o, v) => o with { HostGatewayAddress = Ip("host-gateway-ip", v) }),
        List("default-address-pool", null, "default-address-pools", "base=network,size=length", "Cut networks that name no subnet from this one (again for more)", AddAddressPool) with { ApplyElement = AddAddressPool },
        List("dns", null, "dns", "address", "Name server for containers", (o, v) => o with { Dns = [.. o.Dns, Ip("dns", v)] }),
        List("dns-opt", null, "dns-opts", "option", "Resolver option for containers", (o, v) => o with { DnsOptions = [.. o.DnsOptions, v] }),
        List("dns-search", null, "dns-search", "domain", "Search domain for containers", (o, v) => o with { DnsSearch = [.. o.DnsSearch, v] }),

        List("insecure-registry", null, "insecure-registries", "host", "Allow plain HTTP and unknown certificates for this registry", (o, v) => o with { InsecureRegistries = [.. o.InsecureRegistries, v] }).Reloading(),
        List("registry-mirror", null, "registry-mirrors", "url", "Ask this mirror before the registry itself", (o, v) => o with { RegistryMirrors = [.. o.RegistryMirrors, Mirror(v)] }).Reloading(),
        Value("http-proxy", null, "url", "Proxy for plain HTTP requests to registries", (o, v) => o with { HttpProxy = ProxyUrl("http-proxy", v) }) with { Key = null },
        Value("https-proxy", null, "url", "Proxy for HTTPS requests to registries", (o, v) => o with { HttpsProxy = ProxyUrl("https-proxy", v) }) with { Key = null },
        Value("no-proxy", null, "hosts", "Hosts that are asked without a proxy, with commas between", (o, v) => o with { NoProxy = v }) with { Key = null },
        Map("proxies", "proxies", "name=url", "The three above, in the configuration file", AddProxy) with { IsOnlyInFile = true },
        Value("max-concurrent-downloads", null, "number", "Layers of one image fetched at once", (o, v) => o with { MaxConcurrentDownloads = (int)Number("max-concurrent-downloads", v, 1, 64) }).Reloading(),
        Value("max-concurrent-uploads", null, "number", "Layers of one push sent at once", (o, v) => o with { MaxConcurrentUploads = (int)Number("max-concurrent-uploads", v, 1, 64) }).Reloading(),
        Value("max-download-attempts", null, "number", "Attempts at a layer before a pull fails", (o, v) => o with { MaxDownloadAttempts = (int)Number("max-download-attempts", v, 1, 100) }).Reloading(),

        Value("cgroup-parent", null, "path", "cgroup below which containers' cgroups are made", (o, v) => o with { CgroupParent = CgroupPath(v) }),
        Value("runtime", null, "path", "Berth's own runtime program (default: berth-runtime beside the daemon)", (o, v) => o with { RuntimePath = Absolute("runtime", v) }),
        Value("default-runtime", null, "name", "Runtime of containers that name none", (o, v) => o with { DefaultRuntime = v }).Reloading(),
        Map("add-runtime", "runtimes", "name=path", "Make an OCI runtime known", (o, v) => o with { Runtimes = Added(o.Runtimes, KeyValue("add-runtime", v, out var path), Absolute("add-runtime", path)) }).Reloading() with { ApplyElement = AddRuntime },
        Value("log-driver", null, "name", "Log driver of containers that name none: json-file, local, journald, syslog or none", (o, v) => o with { LogDriver = v }).Reloading(),
        Map("log-opt", "log-opts", "key=value", "Option of the default log driver", (o, v) => o with { LogOptions = Added(o.LogOptions, KeyValue("log-opt", v, out var value), value) }).Reloading(),
        Flag("init", null, "Give containers an init process that reaps orphans and hands signals on, unless they say otherwise", (o, on) => o with { Init = on }).Reloading(),
        Value("default-shm-size", null, "bytes", "Size of /dev/shm when the container names none", (o, v) => o with { DefaultShmSizeBytes = Size("default-shm-size", v) }).Reloading(),
        Value("default-ipc-mode", null, "mode", "private or shareable", (o, v) => o with { DefaultIpcMode = OneOf("default-ipc-mode", v, "private", "shareable") }).Reloading(),
        Value("default-cgroupns-mode", null, "mode", "private or host (default: private on cgroup v2, host on v1)", (o, v) => o with { DefaultCgroupnsMode = OneOf("default-cgroupns-mode", v, "private", "host") }).Reloading(),
        Map("default-ulimit", "default-ulimits", "name=soft[:hard]", "Limit of containers that ask for none of this name", AddUlimit).Reloading() with { ApplyElement = AddUlimit },
        Value("userns-remap", null, "user[:group]", "Run containers in user namespaces, with this user's subordinate ids (\"auto\": with a range each)", (o, v) => o with { UsernsRemap = Remap(v) }),
        Value("userns-pool", null, "first:count", "Ids that the ranges of single containers are cut from", (o, v) => o with { UsernsPool = Pool(v) }),
        List("cdi-spec-dir", null, "cdi-spec-dirs", "directory", "Directory of CDI specifications (default /etc/cdi and /var/run/cdi)", (o, v) => o with { CdiSpecDirs = [.. o.CdiSpecDirs, Absolute("cdi-spec-dir", v)] }).Reloading(),
        Map("feature", "features", "name=bool", "Switch a feature on or off", AddFeature).Reloading(),
        Flag("no-new-privileges", null, "Set no-new-privileges on every container", (o, on) => o with { NoNewPrivileges = on }).Reloading(),
        Value("seccomp-profile", null, "file", "Seccomp profile in place of the built-in one (\"unconfined\": none)", (o, v) => o with { SeccompProfile = v is "builtin" ? null : v is "unconfined" ? v : Absolute("seccomp-profile", v) }),

        Flag("tls", null, "Serve TCP with TLS", (o, on) => o with { Tls = on }),
        Flag("tlsverify", null, "Serve TCP with TLS, and only to clients with a certificate signed by the authority", (o, on) => o with { Tls = o.Tls || on, TlsVerify = on }),
        Value("tlscacert", null, "file", "Certificate of the authority that signs clients' certificates", (o, v) => o with { TlsCaCertificate = Absolute("tlscacert", v) }),
        Value("tlscert", null, "file", "The daemon's certificate", (o, v) => o with { TlsCertificate = Absolute("tlscert", v) }),
        Value("tlskey", null, "file", "Key of the daemon's certificate", (o, v) => o with { TlsKey = Absolute("tlskey", v) }),
        Flag("allow-unauthenticated-tcp", null, "Serve TCP to anybody: WHOEVER CAN CONNECT IS ROOT ON THIS HOST", (o, on) => o with { AllowUnauthenticatedTcp = on }),
        .. Settled,
    ];

    private static OptionDefinition Value(string name, char? letter, string value, string help, Func<DaemonOptions, string, DaemonOptions> apply)
        => new(name, letter, name, OptionKind.Value, value, help, apply);

    private static OptionDefinition List(string name, char? letter, string key, string value, string help, Func<DaemonOptions, string, DaemonOptions> apply)
        => new(name, letter, key, OptionKind.List, value, help, apply);

    private static OptionDefinition Map(string name, string key, string value, string help, Func<DaemonOptions, string, DaemonOptions> apply)
        => new(name, null, key, OptionKind.Map, value, help, apply);

    private static OptionDefinition Flag(string name, char? letter, string help, Func<DaemonOptions, bool, DaemonOptions> apply)
        => new(name, letter, name, OptionKind.Flag, "", help, (options, text) => apply(options, ParseFlag(name, text)));

    private static OptionDefinition Reloading(this OptionDefinition option) => option with { Reloads = true };
}
