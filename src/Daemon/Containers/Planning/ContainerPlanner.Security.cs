using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

internal sealed partial class ContainerPlanner
{
    /// <summary>What Docker hides of /proc and /sys, besides files per processor that the spec adds.</summary>
    internal static IReadOnlyList<string> DefaultMaskedPaths { get; } =
    [
        "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
    ];

    internal static IReadOnlyList<string> DefaultReadonlyPaths { get; } =
        ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    private NamespacePlan Namespaces()
    {
        var network = NetworkMode();
        var pid = Mode("PidMode", _host.PidMode, allowsContainer: true, NamespaceKind.Private, NamespaceKind.Host);
        var ipc = Mode("IpcMode", _host.IpcMode, allowsContainer: true,
            NamespaceKind.Private, NamespaceKind.Host, NamespaceKind.Shareable, NamespaceKind.None);
        var uts = Mode("UTSMode", _host.UTSMode, allowsContainer: false, NamespaceKind.Private, NamespaceKind.Host);
        NamespaceMode? cgroup = string.IsNullOrEmpty(_host.CgroupnsMode)
            ? null
            : Mode("CgroupnsMode", _host.CgroupnsMode, allowsContainer: false, NamespaceKind.Private, NamespaceKind.Host);

        if (uts.Kind == NamespaceKind.Host && !string.IsNullOrEmpty(_config.Hostname))
        {
            throw Conflicting("hostname and the UTS mode");
        }

        if (network.StartsWith("container:", StringComparison.Ordinal) && !string.IsNullOrEmpty(_config.Hostname))
        {
            throw Conflicting("hostname and the network mode");
        }

        return new NamespacePlan
        {
            Hostname = string.IsNullOrEmpty(_config.Hostname) ? null : _config.Hostname,
            Domainname = string.IsNullOrEmpty(_config.Domainname) ? null : _config.Domainname,
            Pid = pid,
            Ipc = ipc,
            Uts = uts,
            Cgroup = cgroup,
            User = User(network, pid, ipc),
        };
    }

    private UserMode User(string network, NamespaceMode pid, NamespaceMode ipc)
    {
        var mode = UserMode(_host.UsernsMode ?? "");
        if (_facts.IsKnownContainer || mode.Kind == UserKind.Host || (mode.Kind == UserKind.Default && !_facts.DefaultUserNamespace))
        {
            return mode;
        }

        // Docker's words, which its users search for.
        if (_host.Privileged == true)
        {
            throw Bad("privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode");
        }

        if (network == "host")
        {
            throw Bad("cannot share the host's network namespace when user namespaces are enabled");
        }

        if (pid.Kind == NamespaceKind.Host)
        {
            throw Bad("cannot share the host PID namespace when user namespaces are enabled");
        }

        var joined = network.StartsWith("container:", StringComparison.Ordinal) ? "HostConfig.NetworkMode"
            : pid.Kind == NamespaceKind.Container ? "HostConfig.PidMode"
            : ipc.Kind == NamespaceKind.Container ? "HostConfig.IpcMode" : null;
        if (joined is not null)
        {
            throw Bad($"invalid {joined}: a container in a user namespace can't join a namespace of another container; --userns=host gives it the host's user namespace");
        }

        if (Runtime() is { } runtime)
        {
            throw Bad($"invalid HostConfig.Runtime \"{runtime}\": user namespaces are made by Berth's own runtime only; --userns=host gives the container the host's user namespace");
        }

        return _facts.WhyNoUserNamespaces is { } why ? throw Bad($"invalid HostConfig.UsernsMode \"{_host.UsernsMode}\": {why}") : mode;
    }

    /// <summary>Docker's "" and "host", and "auto[:size=N]": a range of ids of the container's own.</summary>
    private static UserMode UserMode(string text)
    {
        const string auto = "auto", size = "auto:size=";
        switch (text)
        {
            case "":
                return Planning.UserMode.Default;
            case "host":
                return new UserMode(UserKind.Host);
            case auto:
                return new UserMode(UserKind.Auto);
        }

        return text.StartsWith(size, StringComparison.Ordinal)
            && uint.TryParse(text.AsSpan(size.Length), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var ids) && ids is > 0 and <= 1 << 28
                ? new UserMode(UserKind.Auto, ids)
                : throw ContainerErrors.Invalid("HostConfig.UsernsMode", text, "it is one of \"\", \"host\", \"auto\" and \"auto:size=<ids>\"");
    }

    private static EngineException Conflicting(string what) => new(ErrorKind.InvalidArgument, $"conflicting options: {what}");

    private static NamespaceMode Mode(string field, string? value, bool allowsContainer, params ReadOnlySpan<NamespaceKind> allowed)
    {
        if (allowsContainer && value?.StartsWith("container:", StringComparison.Ordinal) == true && value.Length > "container:".Length)
        {
            return new NamespaceMode(NamespaceKind.Container, value["container:".Length..]);
        }

        if (string.IsNullOrEmpty(value))
        {
            return NamespaceMode.Private;
        }

        foreach (var kind in allowed)
        {
            if (value == Word(kind))
            {
                return new NamespaceMode(kind);
            }
        }

        var words = string.Join(", ", allowed.ToArray().Select(kind => $"\"{Word(kind)}\""));
        throw ContainerErrors.Invalid($"HostConfig.{field}", value, $"it is one of {words}{(allowsContainer ? " and \"container:<name or id>\"" : "")}");
    }

    private static string Word(NamespaceKind kind) => kind switch
    {
        NamespaceKind.Private => "private",
        NamespaceKind.Host => "host",
        NamespaceKind.Shareable => "shareable",
        NamespaceKind.None => "none",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "has no word of its own"),
    };

    private SecurityPlan Security()
    {
        var privileged = _host.Privileged ?? false;
        var plan = new SecurityPlan
        {
            Privileged = privileged,
            Capabilities = CapabilitySet.Compute(_host.CapAdd, _host.CapDrop, privileged, _facts.Capabilities),
            NoNewPrivileges = _facts.DefaultNoNewPrivileges,
            Seccomp = privileged ? SeccompPlan.Unconfined : _facts.DefaultSeccomp,
            MaskedPaths = privileged ? [] : _host.MaskedPaths ?? DefaultMaskedPaths,
            ReadonlyPaths = privileged ? [] : _host.ReadonlyPaths ?? DefaultReadonlyPaths,
        };
        foreach (var path in (_host.MaskedPaths ?? []).Concat(_host.ReadonlyPaths ?? []))
        {
            if (!path.StartsWith('/'))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid masked or read-only path \"{path}\": it must be absolute");
            }
        }

        foreach (var option in _host.SecurityOpt ?? [])
        {
            plan = Apply(plan, option);
        }

        return plan;
    }

    private SecurityPlan Apply(SecurityPlan plan, string option)
    {
        var split = option.IndexOf('=');
        split = split < 0 ? option.IndexOf(':') : split;
        var (key, value) = split < 0 ? (option, "") : (option[..split], option[(split + 1)..]);
        switch (key)
        {
            case "no-new-privileges":
                return plan with { NoNewPrivileges = value.Length == 0 || Boolean(option, value) };
            case "writable-cgroups":
                return plan with { WritableCgroups = value.Length == 0 || Boolean(option, value) };
            case "systempaths" when value == "unconfined":
                return plan with { MaskedPaths = [], ReadonlyPaths = [] };
            case "seccomp" when value.Length > 0:
                return plan with
                {
                    Seccomp = value switch
                    {
                        "unconfined" => SeccompPlan.Unconfined,
                        "builtin" => SeccompPlan.Default,
                        _ => new SeccompPlan(SeccompKind.Custom, CheckedProfile(value)),
                    },
                };
            case "systempaths":
                throw Bad($"invalid --security-opt \"{option}\": the value is unconfined");
            case "apparmor" when value.Length > 0:
                return plan with { AppArmorProfile = AppArmorProfile(option, value) };
            case "label" when value.Length > 0:
                return value == "disable" ? plan : throw Bad($"invalid --security-opt \"{option}\": Berth has no SELinux support; only label=disable is allowed");
            case "credentialspec":
                throw Bad($"invalid --security-opt \"{option}\": credential specifications are for Windows containers");
            default:
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid --security-opt: \"{option}\"");
        }
    }

    // The kernel takes a profile's name at the execve, and only of one that is loaded; nothing is written for AppArmor here.
    private string? AppArmorProfile(string option, string profile) => profile switch
    {
        "unconfined" when !_facts.HasAppArmor => null,
        _ when !_facts.HasAppArmor => throw Bad($"invalid --security-opt \"{option}\": AppArmor is not enabled on this host; only apparmor=unconfined is allowed"),
        _ when profile.Any(c => char.IsControl(c)) || profile.Length > 255 => throw Bad($"invalid --security-opt \"{option}\": it is the name of a loaded AppArmor profile, or unconfined"),
        _ => profile,
    };

    private static bool Boolean(string option, string value) => bool.TryParse(value, out var result)
        ? result
        : throw new EngineException(ErrorKind.InvalidArgument, $"invalid --security-opt: \"{option}\": the value is true or false");

    private static string CheckedProfile(string json)
    {
        SeccompProfile.Parse(json); // its conditions are decided at start; whether it is a profile, now
        return json;
    }
}
