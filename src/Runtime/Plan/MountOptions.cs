using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Plan;

/// <summary>Reads an entry of "mounts": runtime-spec config.md, "Linux mount options", and mount(8).</summary>
internal static class MountOptions
{
    private static readonly Dictionary<string, (MountAttributes Set, MountAttributes Clear)> Attributes = new(StringComparer.Ordinal)
    {
        ["ro"] = (MountAttributes.ReadOnly, 0),
        ["rw"] = (0, MountAttributes.ReadOnly),
        ["nosuid"] = (MountAttributes.NoSuid, 0),
        ["suid"] = (0, MountAttributes.NoSuid),
        ["nodev"] = (MountAttributes.NoDevices, 0),
        ["dev"] = (0, MountAttributes.NoDevices),
        ["noexec"] = (MountAttributes.NoExec, 0),
        ["exec"] = (0, MountAttributes.NoExec),
        ["nodiratime"] = (MountAttributes.NoDirectoryAccessTime, 0),
        ["diratime"] = (0, MountAttributes.NoDirectoryAccessTime),
        ["nosymfollow"] = (MountAttributes.NoSymlinkFollow, 0),
        ["symfollow"] = (0, MountAttributes.NoSymlinkFollow),

        // The three kinds of access time are one field: setting one clears the field first. relatime is the kernel's 0.
        ["noatime"] = (MountAttributes.NoAccessTime, MountAttributes.AccessTimeMask),
        ["strictatime"] = (MountAttributes.StrictAccessTime, MountAttributes.AccessTimeMask),
        ["relatime"] = (0, MountAttributes.AccessTimeMask),
        ["atime"] = (0, MountAttributes.AccessTimeMask),
        ["norelatime"] = (0, MountAttributes.AccessTimeMask),
        ["nostrictatime"] = (0, MountAttributes.AccessTimeMask),
    };

    private static readonly Dictionary<string, (MountPropagation Propagation, bool Below)> Propagations = new(StringComparer.Ordinal)
    {
        ["private"] = (MountPropagation.Private, false),
        ["rprivate"] = (MountPropagation.Private, true),
        ["shared"] = (MountPropagation.Shared, false),
        ["rshared"] = (MountPropagation.Shared, true),
        ["slave"] = (MountPropagation.Slave, false),
        ["rslave"] = (MountPropagation.Slave, true),
        ["unbindable"] = (MountPropagation.Unbindable, false),
        ["runbindable"] = (MountPropagation.Unbindable, true),
    };

    /// <summary>Understood and without effect here: they name the defaults, or are mount(8)'s own affair.</summary>
    private static readonly HashSet<string> Ignored = new(StringComparer.Ordinal)
    {
        "defaults", "async", "silent", "loud", "nomand", "mand", "noiversion", "nolazytime", "copy", "nocopy", "z", "Z", "delegated", "cached", "consistent",
    };

    /// <summary>Every option that is not a file system's own.</summary>
    public static IEnumerable<string> Names
        => Attributes.Keys.Concat(Attributes.Keys.Select(k => "r" + k)).Concat(Propagations.Keys).Concat(["bind", "rbind", "tmpcopyup", "idmap", "ridmap", "defaults"]).Distinct().Order(StringComparer.Ordinal);

    public static (MountPropagation Propagation, bool Below)? FindPropagation(string name)
        => Propagations.TryGetValue(name, out var found) ? found : null;

    /// <exception cref="Berth.Shared.Errors.EngineException">InvalidArgument, NotImplemented: an entry that can't be honoured.</exception>
    public static MountPlan Parse(OciMount mount)
    {
        var field = $"mounts: {mount.Destination}";
        if (!mount.Destination.StartsWith('/'))
        {
            // Older writers leave the slash out, and the specification lets "relative" mean "from the root".
            mount = mount with { Destination = "/" + mount.Destination };
        }

        MountAttributes set = 0, clear = 0, setBelow = 0, clearBelow = 0;
        var (propagation, propagationBelow) = (MountPropagation.Unchanged, false);
        bool bind = mount.Type == "bind", recursive = false, copyUp = false, idMapBelow = false, idMap = false;
        var data = new List<(string, string?)>();
        foreach (var option in mount.Options ?? [])
        {
            if (Attributes.TryGetValue(option, out var attribute))
            {
                set = (set & ~attribute.Clear) | attribute.Set;
                clear = (clear & ~attribute.Set) | attribute.Clear;
            }
            else if (Propagations.TryGetValue(option, out var wanted))
            {
                (propagation, propagationBelow) = wanted;
            }
            else if (option.StartsWith('r') && Attributes.TryGetValue(option[1..], out var below))
            {
                setBelow = (setBelow & ~below.Clear) | below.Set;
                clearBelow = (clearBelow & ~below.Set) | below.Clear;
            }
            else if (option is "bind" or "rbind")
            {
                (bind, recursive) = (true, option == "rbind");
            }
            else if (option == "tmpcopyup")
            {
                copyUp = true;
            }
            else if (option is "idmap" or "ridmap")
            {
                (idMap, idMapBelow) = (true, option == "ridmap");
            }
            else if (!Ignored.Contains(option))
            {
                var equals = option.IndexOf('=', StringComparison.Ordinal);
                data.Add(equals < 0 ? (option, null) : (option[..equals], option[(equals + 1)..]));
            }
        }

        var type = bind ? "bind" : mount.Type ?? "";
        if (bind && string.IsNullOrEmpty(mount.Source))
        {
            throw PlanErrors.Invalid(field, "a bind mount needs a source");
        }

        if (bind && data.Count > 0)
        {
            throw PlanErrors.Invalid(field, $"\"{data[0].Item1}\" is not an option of bind mounts");
        }

        if (type.Length == 0)
        {
            throw PlanErrors.Invalid(field, "it has neither a type nor the option \"bind\"");
        }

        if (copyUp && type != "tmpfs")
        {
            throw PlanErrors.Invalid(field, "\"tmpcopyup\" is for tmpfs");
        }

        if (idMap && mount.UidMappings is not { Length: > 0 })
        {
            throw PlanErrors.Unsupported($"{field}: \"idmap\" without uidMappings", "give the mount its mappings");
        }

        if (mount.UidMappings is { Length: > 0 } != mount.GidMappings is { Length: > 0 })
        {
            throw PlanErrors.Invalid(field, "uidMappings and gidMappings go together");
        }

        return new MountPlan
        {
            Kind = bind ? MountKind.Bind : type switch
            {
                "proc" or "sysfs" or "mqueue" => MountKind.NamespaceView,
                "cgroup" or "cgroup2" => MountKind.Cgroup,
                _ => MountKind.FileSystem,
            },
            Destination = mount.Destination,
            Type = type,
            Source = mount.Source,
            Recursive = recursive,
            Set = set,
            Clear = clear,
            SetBelow = setBelow,
            ClearBelow = clearBelow,
            Propagation = propagation,
            PropagationBelow = propagationBelow,
            Data = data,
            CopyUp = copyUp,
            UidMappings = mount.UidMappings,
            GidMappings = mount.GidMappings,
            IdMapBelow = idMapBelow,
        };
    }
}
