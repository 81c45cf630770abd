using System.Globalization;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Planning;

/// <summary>
/// Understands a container's configuration: every field of the API is honoured, refused with an error that names it, or
/// answered with a warning. Reads nothing but its arguments.
/// </summary>
internal sealed partial class ContainerPlanner
{
    private readonly ContainerConfig _config;
    private readonly HostConfig _host;
    private readonly IReadOnlyDictionary<string, EndpointSettings> _endpoints;
    private readonly EngineFacts _facts;
    private readonly List<string> _warnings = [];

    private ContainerPlanner(ContainerConfig config, HostConfig host, IReadOnlyDictionary<string, EndpointSettings> endpoints, EngineFacts facts)
    {
        _config = config;
        _host = host;
        _endpoints = endpoints;
        _facts = facts;
    }

    /// <param name="config">Already merged with the image's.</param>
    /// <exception cref="EngineException">InvalidArgument, naming field and value.</exception>
    public static (ContainerPlan Plan, IReadOnlyList<string> Warnings) Plan(
        ContainerConfig config, HostConfig host, IReadOnlyDictionary<string, EndpointSettings> endpoints, EngineFacts facts)
    {
        var planner = new ContainerPlanner(config, host, endpoints, facts);
        return (planner.Build(), planner._warnings);
    }

    private ContainerPlan Build()
    {
        RefuseForeignFields();
        if (!_facts.IsKnownContainer)
        {
            RefuseBadText();
        }

        var restart = Restart();
        var namespaces = Namespaces();
        return new ContainerPlan
        {
            Process = Process(),
            Namespaces = namespaces,
            Security = Security(),
            Mounts = Mounts(),
            VolumesFrom = _host.VolumesFrom ?? [],
            StorageSizeBytes = StorageSize(),
            Devices = Devices(),
            CdiDevices = CdiDevices(),
            Resources = Resources(),
            Network = Network(),
            Log = Log(),
            Restart = restart,
            Health = Health(),
            AutoRemove = _host.AutoRemove ?? false,
            ReadonlyRootfs = _host.ReadonlyRootfs ?? false,
            Labels = _config.Labels ?? [],
            Sysctls = Sysctls(namespaces),
            Annotations = _host.Annotations ?? [],
            StopSignal = StopSignal(),
            StopTimeout = StopTimeout(),
            Init = Init(),
            Runtime = Runtime(),
        };
    }

    // Fields of other systems and of features that this engine does not have: a value that would be dropped is refused.
    private void RefuseForeignFields()
    {
        Refuse("HostConfig.CpuCount", _host.CpuCount is not (null or 0), "it is for Windows containers");
        Refuse("HostConfig.CpuPercent", _host.CpuPercent is not (null or 0), "it is for Windows containers");
        Refuse("HostConfig.IOMaximumIOps", _host.IOMaximumIOps is not (null or 0), "it is for Windows containers");
        Refuse("HostConfig.IOMaximumBandwidth", _host.IOMaximumBandwidth is not (null or 0), "it is for Windows containers");
        Refuse("HostConfig.Isolation", _host.Isolation is not (null or "" or "default"), "it is for Windows containers; only \"default\" is allowed");
        Refuse("HostConfig.Cgroup", !string.IsNullOrEmpty(_host.Cgroup), "a container's cgroup can't be joined; use CgroupParent");
        Refuse("HostConfig.VolumeDriver", _host.VolumeDriver is not (null or "" or "local"), $"\"{_host.VolumeDriver}\": only the driver \"local\" is available");
        Refuse("HostConfig.CpuRealtimePeriod", _host.CpuRealtimePeriod is not (null or 0) && !_facts.HasRealtimeGroups, "the kernel's real-time group scheduling is not supported");
        Refuse("HostConfig.CpuRealtimeRuntime", _host.CpuRealtimeRuntime is not (null or 0) && !_facts.HasRealtimeGroups, "the kernel's real-time group scheduling is not supported");
        Refuse("HostConfig.KernelMemory", _host.KernelMemory is not (null or 0), "the kernel no longer has a limit for its own memory");
        Refuse("HostConfig.KernelMemoryTCP", _host.KernelMemoryTCP is not (null or 0), "a limit for TCP buffers is not supported");
    }

    private static void Refuse(string field, bool isSet, string why)
    {
        if (isSet)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid {field}: {why}");
        }
    }

    private ProcessPlan Process()
    {
        var arguments = (_config.Entrypoint ?? []).Concat(_config.Cmd ?? []).ToArray();
        if (arguments.Length == 0)
        {
            throw ContainerErrors.NoCommand();
        }

        RefuseNul("Config.Cmd", arguments);
        foreach (var variable in _config.Env ?? [])
        {
            if (variable.Length == 0 || variable[0] == '=')
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid environment variable: {variable}: \"{variable}\" in Config.Env is not of the form NAME=value or NAME");
            }
        }

        RefuseNul("Config.Env", _config.Env ?? []);
        return new ProcessPlan
        {
            Arguments = arguments,
            Environment = _config.Env ?? [],
            WorkingDirectory = WorkingDirectory(),
            User = _config.User ?? "",
            GroupAdd = _host.GroupAdd ?? [],
            Tty = _config.Tty,
            OpenStdin = _config.OpenStdin,
            StdinOnce = _config.StdinOnce,
            ConsoleSize = _host.ConsoleSize is [> 0 and var rows, > 0 and var columns] ? new OciBox((uint)rows, (uint)columns) : null,
            Rlimits = Rlimits(),
            OomScoreAdj = OomScoreAdj(),
        };
    }

    private static void RefuseNul(string field, IReadOnlyList<string> values)
    {
        if (values.Any(value => value.Contains('\0')))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid {field}: a NUL character can't be passed to a program");
        }
    }

    private string WorkingDirectory()
    {
        if (string.IsNullOrEmpty(_config.WorkingDir))
        {
            return "/";
        }

        return _config.WorkingDir.StartsWith('/')
            ? ContainerPath.Clean(_config.WorkingDir)
            : throw new EngineException(ErrorKind.InvalidArgument,
                $"the working directory '{_config.WorkingDir}' is invalid, it needs to be an absolute path");
    }

    private OciRlimit[] Rlimits()
    {
        var limits = new List<OciRlimit>();
        foreach (var ulimit in _host.Ulimits ?? [])
        {
            var type = $"RLIMIT_{(ulimit.Name ?? "").ToUpperInvariant()}";
            if (!RlimitNames.Contains(type))
            {
                throw new EngineException(ErrorKind.InvalidArgument,
                    $"invalid ulimit type: {ulimit.Name}: there are {string.Join(", ", RlimitNames.Select(name => name["RLIMIT_".Length..].ToLowerInvariant()))}");
            }

            if (ulimit.Soft < -1 || ulimit.Hard < -1)
            {
                throw new EngineException(ErrorKind.InvalidArgument,
                    $"invalid ulimit {ulimit.Name}={ulimit.Soft}:{ulimit.Hard}: a limit is a number from 0, or -1 for none");
            }

            if (ulimit.Hard != -1 && (ulimit.Soft == -1 || ulimit.Soft > ulimit.Hard))
            {
                throw new EngineException(ErrorKind.InvalidArgument,
                    $"ulimit soft limit must be less than or equal to hard limit: {ulimit.Soft} > {ulimit.Hard}");
            }

            limits.RemoveAll(limit => limit.Type == type);
            limits.Add(new OciRlimit(type, (ulong)ulimit.Soft, (ulong)ulimit.Hard)); // -1 is RLIM_INFINITY
        }

        if (_facts.DefaultOpenFiles is { } openFiles && !limits.Exists(limit => limit.Type == openFiles.Type))
        {
            limits.Add(openFiles);
        }

        return [.. limits];
    }

    /// <summary>Whether setrlimit(2) has such a limit; "nofile" for RLIMIT_NOFILE.</summary>
    internal static bool IsUlimitName(string name) => !name.Any(char.IsUpper) && RlimitNames.Contains($"RLIMIT_{name.ToUpperInvariant()}");

    private static readonly HashSet<string> RlimitNames =
    [
        "RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_FSIZE", "RLIMIT_LOCKS", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE",
        "RLIMIT_NICE", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_RSS", "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING", "RLIMIT_STACK",
    ];

    private int? OomScoreAdj() => _host.OomScoreAdj switch
    {
        null or 0 => _facts.DefaultOomScoreAdj,
        >= -1000 and <= 1000 and var score => score,
        var score => throw new EngineException(ErrorKind.InvalidArgument, $"Invalid value {score}, range for oom score adj is [-1000, 1000]"),
    };

    private RestartPlan Restart()
    {
        var (name, count) = (_host.RestartPolicy?.Name ?? "", _host.RestartPolicy?.MaximumRetryCount ?? 0);
        var plan = name switch
        {
            "" or "no" => new RestartPlan(RestartKind.No),
            "always" => new RestartPlan(RestartKind.Always),
            "unless-stopped" => new RestartPlan(RestartKind.UnlessStopped),
            "on-failure" => new RestartPlan(RestartKind.OnFailure, count),
            _ => throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid restart policy: unknown policy '{name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"),
        };
        if (count < 0)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid restart policy: maximum retry count cannot be negative: it is {count}");
        }

        if (count > 0 && plan.Kind != RestartKind.OnFailure)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid restart policy: maximum retry count can only be used with 'on-failure': it is {count}, and the policy is '{name}'");
        }

        return _host.AutoRemove == true && plan.Kind != RestartKind.No
            ? throw new EngineException(ErrorKind.InvalidArgument, "can't create 'AutoRemove' container with restart policy")
            : plan;
    }

    private int StopSignal() => string.IsNullOrEmpty(_config.StopSignal) ? Signals.Term
        : Signals.TryParse(_config.StopSignal, out var number) ? number
        : throw new EngineException(ErrorKind.InvalidArgument, $"invalid signal: {_config.StopSignal}: Config.StopSignal: {Signals.Form}");

    private TimeSpan? StopTimeout() => _config.StopTimeout switch
    {
        null => null,
        < 0 => Timeout.InfiniteTimeSpan,
        var seconds => TimeSpan.FromSeconds(seconds.Value),
    };

    private string? Runtime()
    {
        var name = string.IsNullOrEmpty(_host.Runtime) ? _facts.DefaultRuntime : _host.Runtime;
        if (name == EngineFacts.OwnRuntime)
        {
            return null;
        }

        return _facts.IsKnownContainer || _facts.RuntimeNames.Contains(name)
            ? name
            : throw new EngineException(ErrorKind.InvalidArgument, $"unknown or invalid runtime name: {name}");
    }

    // The init is the main process's parent from before its execve, which only our own launcher can arrange.
    private bool Init()
    {
        var foreign = Runtime() is not null;
        Refuse("HostConfig.Init", _host.Init == true && foreign, $"true goes only with the runtime \"{EngineFacts.OwnRuntime}\", and this container has \"{_host.Runtime}\"");
        if (_host.Init is null && _facts.DefaultInit && foreign)
        {
            _warnings.Add($"The daemon's default init process goes only with the runtime \"{EngineFacts.OwnRuntime}\": this container has none.");
        }

        return (_host.Init ?? _facts.DefaultInit) && !foreign;
    }

    // Only what a namespace of the container's own keeps apart: anything else would change the host.
    private Dictionary<string, string> Sysctls(NamespacePlan namespaces)
    {
        foreach (var name in _host.Sysctls?.Keys ?? Enumerable.Empty<string>())
        {
            var problem = name switch
            {
                _ when name.StartsWith("net.", StringComparison.Ordinal) => NetworkMode() == "host" ? "not allowed in host network namespace" : null,
                _ when IsIpcSysctl(name) => namespaces.Ipc.Kind == NamespaceKind.Host ? "not allowed in host ipc namespace" : null,
                "kernel.hostname" or "kernel.domainname" => "use the hostname and domainname fields",
                _ => "is not in a separate kernel namespace",
            };
            if (problem is not null || name.Contains("..", StringComparison.Ordinal) || name.Contains('/', StringComparison.Ordinal))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid HostConfig.Sysctls: sysctl \"{name}\" {problem ?? "is not a sysctl's name"}");
            }
        }

        return _host.Sysctls ?? [];
    }

    private static bool IsIpcSysctl(string name) => name.StartsWith("fs.mqueue.", StringComparison.Ordinal)
        || name is "kernel.msgmax" or "kernel.msgmnb" or "kernel.msgmni" or "kernel.sem" or "kernel.shmall" or "kernel.shmmax" or "kernel.shmmni"
            or "kernel.shm_rmid_forced";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
