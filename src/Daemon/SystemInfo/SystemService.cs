using System.Globalization;
using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Cdi;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Events;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images;
using Berth.Shared.Api;

namespace Berth.Daemon.SystemInfo;

/// <summary>What the engine says about itself and its machine.</summary>
internal sealed class SystemService(
    InForce<DaemonOptions> current, ContainersOptions containersOptions, InForce<EngineFacts> inForce, CdiRegistry cdi, UserNamespaceOptions users, ContainerIndex containers, ImageService images, EventService events, TimeProvider clock)
{
    private readonly string engineId = EngineId.ReadOrCreate(current.Value.DataRoot);

    private DaemonOptions options => current.Value;

    private EngineFacts facts => inForce.Value;

    public VersionResponse Version() => new()
    {
        Platform = new VersionPlatform { Name = "Berth Engine" },
        Components =
        [
            new VersionComponent
            {
                Name = "Engine",
                Version = EngineVersion.Value,
                Details = new Dictionary<string, string>
                {
                    ["ApiVersion"] = ApiVersion.NewestText,
                    ["MinAPIVersion"] = ApiVersion.Oldest.ToString(),
                    ["Os"] = "linux",
                    ["Arch"] = HostFacts.ImageArchitecture,
                    ["KernelVersion"] = HostFacts.KernelVersion,
                    ["Experimental"] = "false",
                },
            },
            new VersionComponent { Name = "berth-runtime", Version = EngineVersion.Value },
        ],
        Version = EngineVersion.Value,
        ApiVersion = ApiVersion.NewestText,
        MinAPIVersion = ApiVersion.Oldest.ToString(),
        GitCommit = "",
        GoVersion = "",
        Os = "linux",
        Arch = HostFacts.ImageArchitecture,
        KernelVersion = HostFacts.KernelVersion,
        Experimental = false,
        BuildTime = "",
    };

    public InfoResponse Info()
    {
        var states = containers.All.Select(container => container.Record.State).ToList();
        var info = Host();
        info.Containers = states.Count;
        info.ContainersRunning = states.Count(state => state is ContainerState.Running or ContainerState.Restarting);
        info.ContainersPaused = states.Count(state => state is ContainerState.Paused);
        info.ContainersStopped = info.Containers - info.ContainersRunning - info.ContainersPaused;
        info.Images = images.Count();
        info.Warnings = [.. Warnings(info)];
        return info;
    }

    /// <summary>In Docker's words, which its client shows as they are.</summary>
    private IEnumerable<string> Warnings(InfoResponse info)
    {
        (bool Has, string Warning)[] checks =
        [
            (info.MemoryLimit, "WARNING: No memory limit support"),
            (info.SwapLimit, "WARNING: No swap limit support"),
            (info.CPUShares, "WARNING: No cpu shares support"),
            (info.CpuCfsQuota, "WARNING: No cpu cfs quota support"),
            (info.CPUSet, "WARNING: No cpuset support"),
            (info.PidsLimit, "WARNING: No pids limit support"),
            (info.IPv4Forwarding, "WARNING: IPv4 forwarding is disabled"),
            (!options.AllowUnauthenticatedTcp, "WARNING: The API may be reachable over TCP without authentication: whoever can connect is root on this host"),
        ];
        return checks.Where(check => !check.Has).Select(check => check.Warning);
    }

    private bool HasController(string name) => facts.Controllers.Contains(name);

    private InfoResponse Host() => new()
    {
        ID = engineId,
        Driver = "overlay2",
        DriverStatus = [["Mount API", "fsopen"]],
        Plugins = new InfoPlugins { Volume = ["local"], Network = ["bridge", "host", "null"], Log = [.. Containers.Planning.LogDriver.Names] },
        MemoryLimit = HasController("memory"),
        SwapLimit = facts.HasSwapLimit,
        CpuCfsPeriod = HasController("cpu"),
        CpuCfsQuota = HasController("cpu"),
        CPUShares = HasController("cpu"),
        CPUSet = HasController("cpuset"),
        PidsLimit = HasController("pids"),
        OomKillDisable = HasController("memory") && !facts.IsCgroupV2,
        IPv4Forwarding = HostFacts.Ipv4Forwarding,
        Debug = options.LogLevel <= LogLevel.Debug,
        NFd = HostFacts.OpenDescriptors,
        NGoroutines = ThreadPool.ThreadCount,
        SystemTime = clock.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
        LoggingDriver = options.LogDriver,
        CgroupDriver = "cgroupfs",
        CgroupVersion = facts.IsCgroupV2 ? "2" : "1",
        NEventsListener = events.SubscriberCount,
        KernelVersion = HostFacts.KernelVersion,
        OperatingSystem = HostFacts.OperatingSystem.Name,
        OSVersion = HostFacts.OperatingSystem.Version,
        OSType = "linux",
        Architecture = HostFacts.Machine,
        IndexServerAddress = "https://index.docker.io/v1/",
        RegistryConfig = Registries(),
        NCPU = Environment.ProcessorCount,
        MemTotal = HostFacts.MemoryBytes,
        DockerRootDir = options.DataRoot,
        HttpProxy = ProxyEnvironment.Shown("HTTP_PROXY"),
        HttpsProxy = ProxyEnvironment.Shown("HTTPS_PROXY"),
        NoProxy = ProxyEnvironment.Shown("NO_PROXY"),
        Name = HostFacts.HostName,
        Labels = [.. options.Labels],
        ServerVersion = EngineVersion.Value,
        Runtimes = Runtimes(),
        DefaultRuntime = options.DefaultRuntime,
        Swarm = new SwarmInfo { NodeID = "", NodeAddr = "", LocalNodeState = "inactive", Error = "" },
        LiveRestoreEnabled = true,
        Isolation = "",
        InitBinary = "",
        ContainerdCommit = new CommitInfo { ID = "" },
        RuncCommit = new CommitInfo { ID = "" },
        InitCommit = new CommitInfo { ID = "" },
        SecurityOptions = [$"name=seccomp,profile={options.SeccompProfile ?? "builtin"}", .. facts.IsCgroupV2 ? ["name=cgroupns"] : Array.Empty<string>(), .. users.ByDefault ? ["name=userns"] : Array.Empty<string>(), .. facts.HasAppArmor ? ["name=apparmor"] : Array.Empty<string>(), .. options.NoNewPrivileges ? ["name=no-new-privileges"] : Array.Empty<string>()],
        CDISpecDirs = [.. cdi.SpecDirs],
        FirewallBackend = new FirewallInfo { Driver = "nftables" },
    };

    private Dictionary<string, RuntimeInfo> Runtimes()
    {
        var runtimes = options.Runtimes.ToDictionary(runtime => runtime.Key, runtime => new RuntimeInfo { Path = runtime.Value });
        runtimes[DaemonOptions.OwnRuntimeName] = new RuntimeInfo { Path = containersOptions.RuntimePath };
        return runtimes;
    }

    private RegistryServiceConfig Registries()
    {
        var config = new RegistryServiceConfig
        {
            InsecureRegistryCIDRs = ["127.0.0.0/8", "::1/128", .. options.InsecureRegistries.Where(r => r.Contains('/'))],
            Mirrors = [.. options.RegistryMirrors],
            IndexConfigs = options.InsecureRegistries.Where(r => !r.Contains('/'))
                .ToDictionary(r => r, r => new IndexInfo { Name = r, Mirrors = [], Secure = false, Official = false }),
        };
        config.IndexConfigs["docker.io"] = new IndexInfo { Name = "docker.io", Mirrors = [.. options.RegistryMirrors], Secure = true, Official = true };
        return config;
    }
}
