using Berth.Shared.Oci;

namespace Berth.Runtime.Plan;

/// <summary>CLONE_NEW* of linux/sched.h.</summary>
[Flags]
internal enum NamespaceKinds : uint
{
    None = 0,
    Time = 0x80,
    Mount = 0x00020000,
    Cgroup = 0x02000000,
    Uts = 0x04000000,
    Ipc = 0x08000000,
    User = 0x10000000,
    Pid = 0x20000000,
    Network = 0x40000000,
}

/// <summary>A namespace to enter in place of making one.</summary>
internal sealed record NamespaceJoin(NamespaceKinds Kind, string Path);

/// <summary>linux.namespaces: those to make and those to join; the others are shared with the launcher.</summary>
internal sealed record NamespacePlan(NamespaceKinds New, IReadOnlyList<NamespaceJoin> Joined)
{
    private static readonly (string Name, NamespaceKinds Kind)[] Names =
    [
        ("pid", NamespaceKinds.Pid), ("network", NamespaceKinds.Network), ("mount", NamespaceKinds.Mount), ("ipc", NamespaceKinds.Ipc),
        ("uts", NamespaceKinds.Uts), ("user", NamespaceKinds.User), ("cgroup", NamespaceKinds.Cgroup), ("time", NamespaceKinds.Time),
    ];

    /// <summary>The name of one kind, as in config.json and, but for "network" and "mount", in /proc/PID/ns.</summary>
    public static string NameOf(NamespaceKinds kind) => Names.First(n => n.Kind == kind).Name;

    /// <summary>Not the launcher's own: made, or joined by path.</summary>
    public bool HasOwn(NamespaceKinds kind) => New.HasFlag(kind) || Joined.Any(j => j.Kind == kind);

    public string? PathOf(NamespaceKinds kind) => Joined.FirstOrDefault(j => j.Kind == kind)?.Path;

    public static NamespacePlan Parse(OciLinux linux)
    {
        var made = NamespaceKinds.None;
        var joined = new List<NamespaceJoin>();
        foreach (var (type, path) in linux.Namespaces ?? [])
        {
            var kind = Names.FirstOrDefault(n => n.Name == type).Kind;
            if (kind == NamespaceKinds.None)
            {
                throw PlanErrors.Invalid("linux.namespaces", $"\"{type}\" is none of {string.Join(", ", Names.Select(n => n.Name))}");
            }

            if (made.HasFlag(kind) || joined.Any(j => j.Kind == kind))
            {
                throw PlanErrors.Invalid("linux.namespaces", $"\"{type}\" is given twice");
            }

            if (string.IsNullOrEmpty(path))
            {
                made |= kind;
            }
            else if (!path.StartsWith('/'))
            {
                throw PlanErrors.Invalid("linux.namespaces", $"the path of \"{type}\" is not absolute: {path}");
            }
            else
            {
                joined.Add(new NamespaceJoin(kind, path));
            }
        }

        var plan = new NamespacePlan(made, joined);
        if (!made.HasFlag(NamespaceKinds.Mount))
        {
            throw PlanErrors.Unsupported("a container without a mount namespace of its own", "its root filesystem would be mounted over somebody else's");
        }

        if (plan.PathOf(NamespaceKinds.User) is not null)
        {
            throw PlanErrors.Unsupported("joining a user namespace by path", "give uidMappings and gidMappings");
        }

        CheckMappings(plan, linux);
        if (linux.TimeOffsets is { Count: > 0 } && !made.HasFlag(NamespaceKinds.Time))
        {
            throw PlanErrors.Invalid("linux.timeOffsets", "they need a new time namespace");
        }

        return plan;
    }

    private static void CheckMappings(NamespacePlan plan, OciLinux linux)
    {
        var mapped = linux.UidMappings is { Length: > 0 } || linux.GidMappings is { Length: > 0 };
        if (!plan.New.HasFlag(NamespaceKinds.User))
        {
            if (mapped)
            {
                throw PlanErrors.Invalid("linux.uidMappings", "they need a new user namespace");
            }

            return;
        }

        if (linux.UidMappings is not { Length: > 0 } || linux.GidMappings is not { Length: > 0 })
        {
            throw PlanErrors.Invalid("linux.uidMappings", "a new user namespace needs uidMappings and gidMappings");
        }

        if (IdMap.ToHost(linux.UidMappings, 0) is null || IdMap.ToHost(linux.GidMappings, 0) is null)
        {
            throw PlanErrors.Invalid("linux.uidMappings", "user and group 0 of the container must be mapped");
        }
    }
}
