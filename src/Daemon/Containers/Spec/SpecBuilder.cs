using System.Globalization;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Spec;

/// <summary>The OCI configuration of one run. Reads nothing but its input, so that a test can compare what it makes.</summary>
internal sealed class SpecBuilder
{
    private readonly SpecInput _input;
    private readonly ContainerPlan _plan;

    private SpecBuilder(SpecInput input)
    {
        _input = input;
        _plan = input.Plan;
    }

    public static OciSpec Build(SpecInput input) => new SpecBuilder(input).Build();

    private OciSpec Build() => new()
    {
        OciVersion = "1.2.0",
        Process = Process(),
        Root = new OciRoot { Path = "rootfs", Readonly = _plan.ReadonlyRootfs },
        Hostname = HasOwnUts ? _input.Hostname : null,
        Domainname = HasOwnUts ? _plan.Namespaces.Domainname : null,
        Mounts = Mounts(),
        Hooks = Hooks(),
        Annotations = _plan.Annotations.Count == 0 ? null : new Dictionary<string, string>(_plan.Annotations),
        Linux = new OciLinux
        {
            Namespaces = Namespaces(),
            UidMappings = _input.Users is { } users ? [.. users.Uids] : null,
            GidMappings = _input.Users is { } groups ? [.. groups.Gids] : null,
            Devices = _input.Devices.Count == 0 ? null : [.. _input.Devices],
            CgroupsPath = _input.CgroupPath,
            Resources = _input.Limits with { Devices = DeviceRules() },
            RootfsPropagation = RootPropagation(),
            Seccomp = _input.Seccomp,
            Sysctl = Sysctls(),
            MaskedPaths = _plan.Security.MaskedPaths.Count == 0 ? null : [.. _plan.Security.MaskedPaths, .. _input.FurtherMaskedPaths],
            ReadonlyPaths = _plan.Security.ReadonlyPaths.Count == 0 ? null : [.. _plan.Security.ReadonlyPaths],
        },
    };

    private bool HasOwnUts => _plan.Namespaces.Uts.Kind != NamespaceKind.Host;

    private bool HasOwnCgroupNamespace => (_plan.Namespaces.Cgroup?.Kind ?? (_input.IsCgroupV2 ? NamespaceKind.Private : NamespaceKind.Host)) == NamespaceKind.Private;

    private OciProcess Process() => new()
    {
        Terminal = _plan.Process.Tty,
        ConsoleSize = _plan.Process.Tty ? _plan.Process.ConsoleSize : null,
        User = new OciUser { Uid = _input.User.Uid, Gid = _input.User.Gid, AdditionalGids = [.. _input.User.Groups.Concat(_input.Edits.AdditionalGids).Distinct()] },
        Args = [.. _plan.Process.Arguments],
        Env = ContainerEnvironment.For(_plan.Process, _input.Hostname, _input.User.Home, _plan.Process.Tty, _input.Edits.Env, linked: _input.LinkVariables),
        Cwd = _plan.Process.WorkingDirectory,
        Capabilities = CapabilitiesFor(_plan.Security.Capabilities, _input.User.Uid),
        Rlimits = _plan.Process.Rlimits.Count == 0 ? null : [.. _plan.Process.Rlimits],
        NoNewPrivileges = _plan.Security.NoNewPrivileges,
        ApparmorProfile = _plan.Security.AppArmorProfile,
        OomScoreAdj = _plan.Process.OomScoreAdj,
    };

    /// <summary>Inheritable stays empty (CVE-2022-24769); who isn't root gets nothing but what a setuid program may regain.</summary>
    internal static OciCapabilities CapabilitiesFor(IReadOnlyList<string> capabilities, uint uid)
    {
        string[] all = [.. capabilities];
        return uid == 0
            ? new OciCapabilities { Bounding = all, Permitted = all, Effective = all, Inheritable = [], Ambient = [] }
            : new OciCapabilities { Bounding = all, Permitted = [], Effective = [], Inheritable = [], Ambient = [] };
    }

    private OciHooks? Hooks()
    {
        return _input.Edits.Hooks.Count == 0 ? null : new OciHooks
        {
            Prestart = Of("prestart"),
            CreateRuntime = Of("createRuntime"),
            CreateContainer = Of("createContainer"),
            StartContainer = Of("startContainer"),
            Poststart = Of("poststart"),
            Poststop = Of("poststop"),
        };

        OciHook[]? Of(string name) => _input.Edits.Hooks.Where(entry => entry.Name == name).Select(entry => entry.Hook).ToArray() is { Length: > 0 } hooks ? hooks : null;
    }

    private OciNamespace[] Namespaces()
    {
        var joined = _input.Joined.ToDictionary(entry => entry.Type, StringComparer.Ordinal);
        var namespaces = new List<OciNamespace> { new("mount") };
        Add("uts", HasOwnUts);
        Add("pid", _plan.Namespaces.Pid.Kind != NamespaceKind.Host);
        Add("ipc", _plan.Namespaces.Ipc.Kind != NamespaceKind.Host);
        Add("cgroup", HasOwnCgroupNamespace);
        if (_input.NetworkNamespacePath is { } network)
        {
            namespaces.Add(new OciNamespace("network", network));
        }
        else if (_input.NetworkIsNew)
        {
            namespaces.Add(new OciNamespace("network"));
        }

        if (_input.Users is not null)
        {
            namespaces.Add(new OciNamespace("user"));
        }

        return [.. namespaces];

        void Add(string type, bool own)
        {
            if (own)
            {
                namespaces.Add(joined.GetValueOrDefault(type) ?? new OciNamespace(type));
            }
        }
    }

    private OciMount[] Mounts()
    {
        var own = _input.Container.Mounts.Select(mount => mount.Target).ToHashSet(StringComparer.Ordinal);
        var mounts = new List<OciMount>();
        mounts.AddRange(SystemMounts().Where(mount => !own.Contains(mount.Destination)));
        mounts.AddRange(_input.EtcFiles.Where(file => !own.Contains(file.Target)).Select(file => new OciMount
        {
            Destination = file.Target,
            Type = "bind",
            Source = file.Source,
            Options = _plan.ReadonlyRootfs ? ["bind", "rprivate", "ro"] : ["bind", "rprivate"],
        }).Select(mount => _input.Users is null ? mount : IdMapped(mount)));
        mounts.AddRange(_input.Container.Mounts.Select(mount => IsIdMapped(mount) ? IdMapped(Mount(mount)) : Mount(mount)));
        mounts.AddRange(_input.Edits.Mounts);

        // A mount must come after the one it lies in, whoever asked for them.
        return [.. mounts.Select((mount, index) => (mount, index)).OrderBy(pair => Depth(pair.mount)).ThenBy(pair => pair.index).Select(pair => pair.mount)];

        static int Depth(OciMount mount) => mount.Destination.Count(character => character == '/');
    }

    private IEnumerable<OciMount> SystemMounts()
    {
        var privileged = _plan.Security.Privileged;
        yield return Of("/proc", "proc", "proc", "nosuid", "noexec", "nodev");
        yield return Of("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k");
        yield return Of("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5");
        yield return Of("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", privileged ? "rw" : "ro");
        yield return Of("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", privileged || _plan.Security.WritableCgroups ? "rw" : "ro");

        if (_plan.Namespaces.Ipc.Kind == NamespaceKind.Host)
        {
            yield return Of("/dev/mqueue", "bind", "/dev/mqueue", "rbind", "nosuid", "noexec", "nodev");
            yield return Of("/dev/shm", "bind", "/dev/shm", "rbind", "nosuid", "noexec", "nodev");
            yield break;
        }

        yield return Of("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
        if (_input.SharedMemoryPath is { } shared)
        {
            yield return Of("/dev/shm", "bind", shared, "bind", "nosuid", "noexec", "nodev");
        }
        else if (_plan.Namespaces.Ipc.Kind is NamespaceKind.Private or NamespaceKind.Shareable)
        {
            yield return Of("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777",
                string.Create(CultureInfo.InvariantCulture, $"size={_plan.Resources.ShmSizeBytes}"));
        }
    }

    // Volumes hold the containers' own numbers, so that containers with different ranges share them. A bind shows the host's numbers where the
    // range is not known beforehand (nobody could prepare the files' owners for it), and under userns-remap what it is on the host, as in Docker.
    private bool IsIdMapped(MountPlan mount) => _input.Users is { } users && mount switch
    {
        MountPlan.Volume or MountPlan.Image => true,
        MountPlan.Bind => users.OwnRange,
        _ => false,
    };

    private OciMount IdMapped(OciMount mount) => mount.Type != "bind" || _input.Users is not { } users
        ? mount
        : mount with { Options = [.. mount.Options ?? [], "idmap"], UidMappings = [.. users.Uids], GidMappings = [.. users.Gids] };

    private static OciMount Of(string destination, string type, string source, params string[] options)
        => new() { Destination = destination, Type = type, Source = source, Options = options };

    private OciMount Mount(MountPlan mount) => mount switch
    {
        MountPlan.Tmpfs tmpfs => Of(tmpfs.Target, "tmpfs", "tmpfs", tmpfs.ReadOnly ? [.. tmpfs.Options, "ro"] : [.. tmpfs.Options]),
        MountPlan.Image image => Image(image, _input.ImageLayers[image.Target]),
        MountPlan.Bind bind => Of(bind.Target, "bind", _input.MountSources[bind.Target], BindOptions(bind)),
        _ => Of(mount.Target, "bind", _input.MountSources[mount.Target], mount.ReadOnly ? ["rbind", "rprivate", "ro"] : ["rbind", "rprivate"]),
    };

    // A file has nothing to be merged with.
    private static OciMount Image(MountPlan.Image image, string[] layers) => layers is [var single]
        ? Of(image.Target, "bind", single, "bind", "rprivate", "ro")
        : Of(image.Target, "overlay", "overlay", "ro", "rprivate", $"lowerdir={string.Join(':', layers.Select(EscapeLayer))}");

    private static string EscapeLayer(string path)
        => path.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(":", "\\:", StringComparison.Ordinal);

    private static string[] BindOptions(MountPlan.Bind bind)
    {
        var options = new List<string> { bind.Recursive ? "rbind" : "bind", bind.Propagation };
        if (bind.ReadOnly)
        {
            options.Add("ro");
            if (bind.Recursive && bind.RecursiveReadOnly != RecursiveReadOnly.Never)
            {
                options.Add("rro");
            }
        }

        return [.. options];
    }

    // Mounts can only travel through a bind when the root they are in lets them: from the host in with slave, both ways with shared.
    private string? RootPropagation()
    {
        var wanted = _input.Container.Mounts.OfType<MountPlan.Bind>().Select(bind => bind.Propagation).ToArray();
        return wanted.Any(propagation => propagation is "shared" or "rshared") ? "rshared"
            : wanted.Any(propagation => propagation is "slave" or "rslave") ? "rslave"
            : null;
    }

    private OciDeviceRule[] DeviceRules()
    {
        if (_plan.Security.Privileged)
        {
            return [new OciDeviceRule { Allow = true, Access = "rwm" }];
        }

        return
        [
            new OciDeviceRule { Allow = false, Access = "rwm" },
            .. Nodes,
            .. _input.DeviceRules,
            .. _plan.Resources.Limits.Devices ?? [],
        ];
    }

    // Making any node is allowed, as it needs CAP_MKNOD anyway and unpacking does it; using one is not, but for these.
    private static readonly OciDeviceRule[] Nodes =
    [
        Rule(allow: true, "c", null, null, "m"), Rule(allow: true, "b", null, null, "m"),
        Rule(allow: true, "c", 1, 3, "rwm"), Rule(allow: true, "c", 1, 5, "rwm"), Rule(allow: true, "c", 1, 7, "rwm"), // null zero full
        Rule(allow: true, "c", 1, 8, "rwm"), Rule(allow: true, "c", 1, 9, "rwm"), // random urandom
        Rule(allow: true, "c", 5, 0, "rwm"), Rule(allow: true, "c", 5, 1, "rwm"), // tty console
        Rule(allow: true, "c", 5, 2, "rwm"), Rule(allow: true, "c", 136, null, "rwm"), // ptmx pts
    ];

    private static OciDeviceRule Rule(bool allow, string type, long? major, long? minor, string access)
        => new() { Allow = allow, Type = type, Major = major, Minor = minor, Access = access };

    // Low ports and ping need no privilege in a network of the container's own, as in Docker since 20.10.
    private Dictionary<string, string>? Sysctls()
    {
        var sysctls = new Dictionary<string, string>(StringComparer.Ordinal);
        if (_input.NetworkIsNew || (_input.NetworkNamespacePath is not null && !_input.NetworkIsShared))
        {
            sysctls["net.ipv4.ip_unprivileged_port_start"] = "0";
            sysctls["net.ipv4.ping_group_range"] = $"0 {(_input.Users is { } users ? users.GroupCount - 1 : int.MaxValue)}";
        }

        foreach (var (name, value) in _plan.Sysctls)
        {
            sysctls[name] = value;
        }

        return sysctls.Count == 0 ? null : sysctls;
    }
}
