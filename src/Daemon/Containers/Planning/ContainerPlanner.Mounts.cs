using System.Globalization;
using Berth.Daemon.Volumes;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

internal sealed partial class ContainerPlanner
{
    private static readonly string[] MountTypes = ["bind", "volume", "tmpfs", "image"];

    private MountPlan[] Mounts()
    {
        var mounts = new Dictionary<string, MountPlan>(StringComparer.Ordinal);
        foreach (var mount in (_host.Binds ?? []).Select(FromBind).Concat((_host.Mounts ?? []).Select(FromMount)).Concat((_host.Tmpfs ?? []).Select(FromTmpfs)))
        {
            if (!mounts.TryAdd(mount.Target, mount))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"Duplicate mount point: {mount.Target}");
            }
        }

        foreach (var volume in _config.Volumes?.Keys ?? Enumerable.Empty<string>())
        {
            var target = ImpliedTarget(volume);
            mounts.TryAdd(target, Anonymous(target, copy: true) with { Implied = true });
        }

        foreach (var specification in _host.VolumesFrom ?? [])
        {
            VolumesFromPlan.Parse(specification);
        }

        return [.. InOrder(mounts.Values)];
    }

    private long? StorageSize()
    {
        long? size = null;
        foreach (var (key, value) in _host.StorageOpt ?? [])
        {
            if (!key.Equals("size", StringComparison.OrdinalIgnoreCase))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid HostConfig.StorageOpt: unknown option {key}: only size is allowed");
            }

            size = ByteSize.TryParse(value ?? "", out var bytes) && bytes > 0
                ? bytes
                : throw new EngineException(ErrorKind.InvalidArgument, $"invalid HostConfig.StorageOpt: invalid size: '{value}': it is a size such as 10G");
        }

        return size;
    }

    /// <summary>A mount inside another one must come after it.</summary>
    internal static IEnumerable<MountPlan> InOrder(IEnumerable<MountPlan> mounts)
        => mounts.OrderBy(mount => mount.Target.Count(character => character == '/')).ThenBy(mount => mount.Target, StringComparer.Ordinal);

    private static MountPlan.Volume Anonymous(string target, bool copy) => new(target, ReadOnly: false, Name: "", Anonymous: true, copy, Subpath: null);

    private static string ImpliedTarget(string path)
    {
        var problem = !path.StartsWith('/') ? $"invalid mount path: '{path}' mount path must be absolute"
            : path.Contains('\0') ? "a NUL character can't be in a path"
            : ContainerPath.Clean(path) == "/" ? "invalid specification: destination can't be '/'"
            : null;
        return problem is null ? ContainerPath.Clean(path) : throw new EngineException(ErrorKind.InvalidArgument, $"invalid volume specification: '{path}': {problem}");
    }

    private static MountPlan FromBind(string? specification)
    {
        specification ??= ""; // what JSON's null makes of it
        var parts = specification.Split(':', 4);
        if (parts[0].Length == 0 || parts.Length > 3 || (parts.Length == 2 && IsMode(parts[1])))
        {
            throw BadSpecification(specification);
        }

        var mode = BindMode.Parse(parts.Length == 3 ? parts[2] : "");
        if (parts.Length == 1)
        {
            return FromMount(specification, new Mount { Type = "volume", Target = parts[0] }, mode);
        }

        return FromMount(specification, new Mount
        {
            Type = parts[0].StartsWith('/') ? "bind" : "volume",
            Source = parts[0],
            Target = parts[1],
            ReadOnly = mode.ReadOnly,
            VolumeOptions = mode.NoCopy ? new VolumeOptions { NoCopy = true } : null,
            BindOptions = mode.Propagation is { } propagation ? new BindOptions { Propagation = propagation } : null,
        }, mode);
    }

    // "target:mode" without a source: the mode would be taken for a target.
    private static bool IsMode(string text)
    {
        try
        {
            BindMode.Parse(text);
            return true;
        }
        catch (EngineException)
        {
            return false;
        }
    }

    private static EngineException BadSpecification(string specification, Exception? inner = null) => new(ErrorKind.InvalidArgument,
        $"invalid volume specification: '{specification}'{(inner is null ? ": it is source:target[:mode]" : $": {inner.Message}")}", inner);

    private static MountPlan FromMount(string specification, Mount mount, BindMode mode)
    {
        MountPlan plan;
        try
        {
            plan = FromMount(mount);
        }
        catch (EngineException wrong) when (!wrong.Message.StartsWith("create ", StringComparison.Ordinal)) // a volume's name has words of its own
        {
            throw BadSpecification(specification, wrong);
        }

        return plan switch
        {
            MountPlan.Bind bind => bind with { Mode = mode.Text, CreateSource = true },
            _ => plan with { Mode = mode.Text.Length == 0 ? "z" : mode.Text },
        };
    }

    private static MountPlan FromMount(Mount mount)
    {
        var type = mount.Type ?? "";
        if (string.IsNullOrEmpty(mount.Target))
        {
            throw BadMount(type, "field Target must not be empty");
        }

        if (!MountTypes.Contains(type))
        {
            throw BadMount(type, $"mount type unknown: it is one of {string.Join(", ", MountTypes)}");
        }

        RequirePath(type, "Target", mount.Target);
        var target = ContainerPath.Clean(mount.Target);
        if (target == "/")
        {
            throw BadMount(type, "invalid specification: destination can't be '/'");
        }

        if (mount.Consistency is not (null or "" or "default" or "consistent" or "cached" or "delegated"))
        {
            throw BadMount(type, $"invalid Consistency: {mount.Consistency}: it is default, consistent, cached or delegated");
        }

        RefuseForeignOptions(mount, type);
        return type switch
        {
            "bind" => FromBindMount(mount, target),
            "volume" => FromVolumeMount(mount, target),
            "tmpfs" => FromTmpfsMount(mount, target),
            _ => FromImageMount(mount, target),
        };
    }

    private static EngineException BadMount(string type, string why) => new(ErrorKind.InvalidArgument, $"invalid mount config for type \"{type}\": {why}");

    private static void RequirePath(string type, string field, string path)
    {
        if (!path.StartsWith('/'))
        {
            throw BadMount(type, $"invalid mount path: '{path}' mount path must be absolute");
        }

        if (path.Contains('\0'))
        {
            throw BadMount(type, $"field {field} must not contain a NUL character");
        }
    }

    private static void RefuseForeignOptions(Mount mount, string type)
    {
        Refuse(mount.BindOptions is not null && type != "bind", "BindOptions");
        Refuse(mount.VolumeOptions is not null && type != "volume", "VolumeOptions");
        Refuse(mount.TmpfsOptions is not null && type != "tmpfs", "TmpfsOptions");
        Refuse(mount.ImageOptions is not null && type != "image", "ImageOptions");

        void Refuse(bool isForeign, string field)
        {
            if (isForeign)
            {
                throw BadMount(type, $"field {field} must not be specified");
            }
        }
    }

    private static MountPlan.Bind FromBindMount(Mount mount, string target)
    {
        if (string.IsNullOrEmpty(mount.Source))
        {
            throw BadMount("bind", "field Source must not be empty");
        }

        RequirePath("bind", "Source", mount.Source);
        var options = mount.BindOptions ?? new BindOptions();
        var isDefault = string.IsNullOrEmpty(options.Propagation);
        var propagation = isDefault ? "rprivate" : options.Propagation!;
        if (!BindMode.Propagations.Contains(propagation))
        {
            throw BadMount("bind", $"invalid propagation mode: {propagation}: it is one of {string.Join(", ", BindMode.Propagations)}");
        }

        var readOnly = mount.ReadOnly ?? false;
        return new MountPlan.Bind(target, readOnly, ContainerPath.Clean(mount.Source), options.CreateMountpoint ?? false, propagation,
            options.NonRecursive != true, RecursiveReadOnlyOf(options, readOnly))
        {
            DefaultPropagation = isDefault,
        };
    }

    private static RecursiveReadOnly RecursiveReadOnlyOf(BindOptions options, bool readOnly)
    {
        if (options.ReadOnlyForceRecursive != true)
        {
            return options.ReadOnlyNonRecursive == true ? RecursiveReadOnly.Never : RecursiveReadOnly.IfPossible;
        }

        var problem = options.ReadOnlyNonRecursive == true ? "ReadOnlyNonRecursive and ReadOnlyForceRecursive exclude each other"
            : !readOnly ? "ReadOnlyForceRecursive needs ReadOnly"
            : options.NonRecursive == true ? "NonRecursive and ReadOnlyForceRecursive exclude each other"
            : options.Propagation is not (null or "" or "rprivate") ? "ReadOnlyForceRecursive needs the propagation rprivate: mounts that come later would be writable"
            : null;
        return problem is null ? RecursiveReadOnly.Required : throw BadMount("bind", $"mount options conflict: {problem}");
    }

    private static MountPlan.Volume FromVolumeMount(Mount mount, string target)
    {
        var options = mount.VolumeOptions ?? new VolumeOptions();
        if (options.DriverConfig?.Name is not (null or "" or VolumeRecord.Driver))
        {
            throw BadMount("volume", $"error looking up volume plugin {options.DriverConfig.Name}: plugin \"{options.DriverConfig.Name}\" not found; this engine has the driver \"local\"");
        }

        var subpath = Subpath("volume", options.Subpath, "volume");
        var copy = options.NoCopy != true;
        if (string.IsNullOrEmpty(mount.Source))
        {
            var problem = subpath is not null ? "must not set Subpath when using anonymous volumes"
                : mount.ReadOnly == true ? "must not set ReadOnly mode when using anonymous volumes"
                : null;
            return problem is null
                ? Anonymous(target, copy) with { Mode = "z", DriverOptions = options.DriverConfig?.Options, Labels = options.Labels }
                : throw BadMount("volume", problem);
        }

        VolumeName.Check(mount.Source);
        LocalVolumeOptions.Parse(mount.Source, options.DriverConfig?.Options);
        return new MountPlan.Volume(target, mount.ReadOnly ?? false, mount.Source, Anonymous: false, copy, subpath)
        {
            Mode = "z",
            DriverOptions = options.DriverConfig?.Options,
            Labels = options.Labels,
        };
    }

    private static string? Subpath(string type, string? subpath, string within)
    {
        if (string.IsNullOrEmpty(subpath))
        {
            return null;
        }

        return subpath.StartsWith('/') || subpath.Contains('\0') || Escapes(subpath)
            ? throw BadMount(type, $"subpath must be a relative path within the {within}: {subpath}")
            : subpath;
    }

    // "a/../b" stays within, "a/../../b" does not.
    private static bool Escapes(string path)
    {
        var depth = 0;
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            depth += part == ".." ? -1 : part == "." ? 0 : 1;
            if (depth < 0)
            {
                return true;
            }
        }

        return false;
    }

    private static MountPlan.Image FromImageMount(Mount mount, string target)
    {
        return string.IsNullOrEmpty(mount.Source)
            ? throw BadMount("image", "field Source must not be empty")
            : new MountPlan.Image(target, mount.Source, ImageId: "", Subpath("image", mount.ImageOptions?.Subpath, "image"));
    }

    private static MountPlan.Tmpfs FromTmpfsMount(Mount mount, string target)
    {
        if (!string.IsNullOrEmpty(mount.Source))
        {
            throw BadMount("tmpfs", "field Source must not be specified");
        }

        var options = new TmpfsOptionList();
        if (mount.TmpfsOptions?.SizeBytes is { } size and not 0)
        {
            options.Add(size > 0 ? Invariant($"size={size}") : throw BadMount("tmpfs", $"invalid SizeBytes: {size}: it must not be negative"));
        }

        if (mount.TmpfsOptions?.Mode is { } mode and not 0)
        {
            options.Add(mode is > 0 and <= 0xFFF
                ? $"mode={Convert.ToString(mode, 8)}"
                : throw BadMount("tmpfs", Invariant($"invalid Mode: {mode}: it is a file mode, at most octal 7777")));
        }

        foreach (var option in mount.TmpfsOptions?.Options ?? [])
        {
            options.Add(option.Count is 1 or 2
                ? string.Join('=', option)
                : throw BadMount("tmpfs", "invalid option array length: an option is its name, or its name and value"));
        }

        return new MountPlan.Tmpfs(target, (mount.ReadOnly ?? false) || options.ReadOnly, options.Options);
    }

    private static MountPlan FromTmpfs(KeyValuePair<string, string> tmpfs)
    {
        if (string.IsNullOrEmpty(tmpfs.Key))
        {
            throw BadMount("tmpfs", "field Target must not be empty");
        }

        RequirePath("tmpfs", "Target", tmpfs.Key);
        var target = ContainerPath.Clean(tmpfs.Key);
        if (target == "/")
        {
            throw BadMount("tmpfs", "invalid specification: destination can't be '/'");
        }

        var options = new TmpfsOptionList();
        foreach (var option in (tmpfs.Value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            options.Add(option);
        }

        return new MountPlan.Tmpfs(target, options.ReadOnly, options.Options);
    }

    private static bool IsNumber(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
