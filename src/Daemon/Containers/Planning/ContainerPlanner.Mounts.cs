using System.Globalization;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

internal sealed partial class ContainerPlanner
{
    private static readonly HashSet<string> Propagations = ["private", "rprivate", "shared", "rshared", "slave", "rslave"];

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
            var target = Target("Config.Volumes", volume, volume);
            mounts.TryAdd(target, Anonymous(target, readOnly: false, copy: true));
        }

        // A mount inside another one must come after it.
        return [.. mounts.Values.OrderBy(mount => mount.Target.Count(character => character == '/')).ThenBy(mount => mount.Target, StringComparer.Ordinal)];
    }

    private static MountPlan.Volume Anonymous(string target, bool readOnly, bool copy)
        => new(target, readOnly, Name: "", Anonymous: true, copy, Subpath: null);

    private static MountPlan FromBind(string specification)
    {
        var parts = specification.Split(':');
        if (parts.Length > 3 || parts.Any(part => part.Length == 0))
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid volume specification: '{specification}'");
        }

        if (parts.Length == 1)
        {
            return Anonymous(Target("volume", parts[0], specification), readOnly: false, copy: true);
        }

        var (source, target) = (parts[0], Target("volume", parts[1], specification));
        var mode = BindMode.Parse(parts.Length == 3 ? parts[2] : "", specification);
        if (source.StartsWith('/'))
        {
            return mode.NoCopy
                ? throw InvalidMode(parts[2])
                : new MountPlan.Bind(target, mode.ReadOnly, ContainerPath.Clean(source), CreateSource: true, mode.Propagation ?? "rprivate",
                    Recursive: true, RecursiveReadOnly.IfPossible);
        }

        CheckVolumeName(source);
        return mode.Propagation is not null
            ? throw InvalidMode(parts[2])
            : new MountPlan.Volume(target, mode.ReadOnly, source, Anonymous: false, Copy: !mode.NoCopy, Subpath: null);
    }

    private static EngineException InvalidMode(string mode) => new(ErrorKind.InvalidArgument, $"invalid mode: {mode}");

    private static void CheckVolumeName(string name)
    {
        if (!ContainerName.IsValid(name))
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");
        }
    }

    private static string Target(string kind, string target, string specification)
    {
        if (!target.StartsWith('/'))
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid volume specification: '{specification}': invalid mount config for type \"{kind}\": invalid mount path: '{target}' mount path must be absolute");
        }

        var clean = ContainerPath.Clean(target);
        return clean == "/"
            ? throw new EngineException(ErrorKind.InvalidArgument, $"invalid volume specification: '{specification}': invalid specification: destination can't be '/'")
            : clean;
    }

    private sealed record BindMode(bool ReadOnly, bool NoCopy, string? Propagation)
    {
        public static BindMode Parse(string text, string specification)
        {
            var mode = new BindMode(ReadOnly: false, NoCopy: false, Propagation: null);
            var access = 0;
            foreach (var option in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                switch (option)
                {
                    case "ro" or "rw":
                        access++;
                        mode = mode with { ReadOnly = option == "ro" };
                        break;
                    case "nocopy":
                        mode = mode with { NoCopy = true };
                        break;
                    case "z" or "Z": // relabels for SELinux, which is not on here
                    case "consistent" or "cached" or "delegated": // matter to file sharing with a virtual machine
                        break;
                    case var _ when Propagations.Contains(option) && mode.Propagation is null:
                        mode = mode with { Propagation = option };
                        break;
                    default:
                        throw new EngineException(ErrorKind.InvalidArgument, $"invalid volume specification: '{specification}': invalid mode: {text}");
                }
            }

            return access > 1 ? throw InvalidMode(text) : mode;
        }
    }

    private static MountPlan FromMount(Mount mount)
    {
        var type = mount.Type ?? "";
        if (string.IsNullOrEmpty(mount.Target))
        {
            throw BadMount(type, "field Target must not be empty");
        }

        if (!mount.Target.StartsWith('/'))
        {
            throw BadMount(type, $"invalid mount path: '{mount.Target}' mount path must be absolute");
        }

        var target = ContainerPath.Clean(mount.Target);
        if (target == "/")
        {
            throw BadMount(type, "invalid specification: destination can't be '/'");
        }

        RefuseForeignOptions(mount, type);
        return type switch
        {
            "bind" => FromBindMount(mount, target),
            "volume" => FromVolumeMount(mount, target),
            "tmpfs" => FromTmpfsMount(mount, target),
            _ => throw BadMount(type, "the type is one of bind, volume and tmpfs"),
        };
    }

    private static EngineException BadMount(string type, string why) => new(ErrorKind.InvalidArgument, $"invalid mount config for type \"{type}\": {why}");

    private static void RefuseForeignOptions(Mount mount, string type)
    {
        if (mount.BindOptions is not null && type != "bind")
        {
            throw BadMount(type, "field BindOptions must not be specified");
        }

        if (mount.VolumeOptions is not null && type != "volume")
        {
            throw BadMount(type, "field VolumeOptions must not be specified");
        }

        if (mount.TmpfsOptions is not null && type != "tmpfs")
        {
            throw BadMount(type, "field TmpfsOptions must not be specified");
        }

        if (mount.ImageOptions is not null)
        {
            throw BadMount(type, "field ImageOptions must not be specified");
        }
    }

    private static MountPlan.Bind FromBindMount(Mount mount, string target)
    {
        if (string.IsNullOrEmpty(mount.Source))
        {
            throw BadMount("bind", "field Source must not be empty");
        }

        if (!mount.Source.StartsWith('/'))
        {
            throw BadMount("bind", $"invalid mount path: '{mount.Source}' mount path must be absolute");
        }

        var options = mount.BindOptions ?? new BindOptions();
        var propagation = string.IsNullOrEmpty(options.Propagation) ? "rprivate" : options.Propagation;
        if (!Propagations.Contains(propagation))
        {
            throw BadMount("bind", $"invalid propagation mode: {propagation}");
        }

        var readOnly = mount.ReadOnly ?? false;
        if (options.ReadOnlyForceRecursive == true && (options.ReadOnlyNonRecursive == true || !readOnly || options.NonRecursive == true))
        {
            throw BadMount("bind", "ReadOnlyForceRecursive needs ReadOnly, and excludes ReadOnlyNonRecursive and NonRecursive");
        }

        var recursive = options.ReadOnlyForceRecursive == true ? RecursiveReadOnly.Required
            : options.ReadOnlyNonRecursive == true ? RecursiveReadOnly.Never
            : RecursiveReadOnly.IfPossible;
        return new MountPlan.Bind(target, readOnly, ContainerPath.Clean(mount.Source), options.CreateMountpoint ?? false, propagation,
            options.NonRecursive != true, recursive);
    }

    private static MountPlan.Volume FromVolumeMount(Mount mount, string target)
    {
        var options = mount.VolumeOptions ?? new VolumeOptions();
        if (options.DriverConfig is { } driver && (driver.Name is not (null or "" or "local") || driver.Options is { Count: > 0 }))
        {
            throw BadMount("volume", "only the driver \"local\" without options is available");
        }

        if (options.Labels is { Count: > 0 })
        {
            throw BadMount("volume", "labels of a volume that is made with its container are not supported");
        }

        var subpath = string.IsNullOrEmpty(options.Subpath) ? null : options.Subpath;
        if (subpath is not null && (subpath.StartsWith('/') || subpath.Split('/').Contains("..")))
        {
            throw BadMount("volume", $"subpath must be a relative path within the volume: {subpath}");
        }

        var copy = options.NoCopy != true;
        if (string.IsNullOrEmpty(mount.Source))
        {
            return subpath is null
                ? Anonymous(target, mount.ReadOnly ?? false, copy)
                : throw BadMount("volume", "must not set Subpath when using anonymous volumes");
        }

        CheckVolumeName(mount.Source);
        return new MountPlan.Volume(target, mount.ReadOnly ?? false, mount.Source, Anonymous: false, copy, subpath);
    }

    private static MountPlan.Tmpfs FromTmpfsMount(Mount mount, string target)
    {
        if (!string.IsNullOrEmpty(mount.Source))
        {
            throw BadMount("tmpfs", "field Source must not be specified");
        }

        var options = new List<string> { "noexec", "nosuid", "nodev" };
        if (mount.TmpfsOptions?.SizeBytes is { } size and not 0)
        {
            options.Add(size > 0 ? Invariant($"size={size}") : throw BadMount("tmpfs", "SizeBytes must not be negative"));
        }

        if (mount.TmpfsOptions?.Mode is { } mode and not 0)
        {
            options.Add($"mode={Convert.ToString(mode & 0xfff, 8)}");
        }

        foreach (var option in mount.TmpfsOptions?.Options ?? [])
        {
            Override(options, string.Join('=', option));
        }

        return new MountPlan.Tmpfs(target, mount.ReadOnly ?? false, options);
    }

    private static MountPlan FromTmpfs(KeyValuePair<string, string> tmpfs)
    {
        var target = Target("tmpfs", tmpfs.Key, tmpfs.Key);
        var options = new List<string> { "noexec", "nosuid", "nodev" };
        foreach (var option in tmpfs.Value.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            Override(options, option);
        }

        var readOnly = options.Remove("ro");
        options.Remove("rw");
        return new MountPlan.Tmpfs(target, readOnly, options);
    }

    // Only what tmpfs(5) and mount(8) know; an option the kernel would refuse at start is refused here, by name.
    private static void Override(List<string> options, string option)
    {
        var equals = option.IndexOf('=');
        var name = equals < 0 ? option : option[..equals];
        switch (name)
        {
            case "exec" or "suid" or "dev" when equals < 0:
                options.Remove($"no{name}");
                break;
            case "noexec" or "nosuid" or "nodev" or "ro" or "rw" or "noatime" or "nodiratime" or "relatime" or "strictatime" or "sync" or "dirsync" when equals < 0:
            case "noswap" when equals < 0:
                if (!options.Contains(option))
                {
                    options.Add(option);
                }

                break;
            case "size" or "nr_blocks" or "nr_inodes" or "mode" or "uid" or "gid" or "huge" or "mpol" when equals > 0:
                options.RemoveAll(other => other.StartsWith(name + "=", StringComparison.Ordinal));
                options.Add(option);
                break;
            default:
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid tmpfs option [\"{option}\"]");
        }
    }

    private static bool IsNumber(string text) => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _);
}
