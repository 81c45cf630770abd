using Berth.Runtime.Launch;
using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Rootfs;

/// <summary>The nodes and links of /dev: runtime-spec config-linux.md, "Default Devices", and those that the configuration adds.</summary>
internal sealed class DeviceNodes(RootTree tree, PreparedRootfs prepared, OciIdMapping[]? uids, OciIdMapping[]? gids)
{
    private const uint DefaultMode = 0x1B6; // 0666

    private static readonly (string Path, uint Major, uint Minor)[] Defaults =
    [
        ("/dev/null", 1, 3), ("/dev/zero", 1, 5), ("/dev/full", 1, 7), ("/dev/random", 1, 8), ("/dev/urandom", 1, 9), ("/dev/tty", 5, 0),
    ];

    private static readonly (string Path, string Target)[] Links =
    [
        ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"), ("/dev/stdout", "/proc/self/fd/1"), ("/dev/stderr", "/proc/self/fd/2"),
        ("/dev/core", "/proc/kcore"), ("/dev/ptmx", "pts/ptmx"),
    ];

    public void Make(IReadOnlyList<OciDevice> configured)
    {
        foreach (var device in configured)
        {
            Make(device);
        }

        foreach (var (path, major, minor) in Defaults)
        {
            if (configured.All(d => d.Path != path))
            {
                Make(new OciDevice { Path = path, Type = "c", Major = major, Minor = minor, FileMode = DefaultMode });
            }
        }

        foreach (var (path, target) in Links)
        {
            if (target != "/proc/kcore" || File.Exists(target))
            {
                Link(path, target);
            }
        }
    }

    private void Make(OciDevice device)
    {
        var step = $"make the device {device.Path}";
        var type = device.Type switch
        {
            "c" or "u" => OpenFlags.CharacterDevice,
            "b" => OpenFlags.BlockDevice,
            "p" => OpenFlags.Fifo,
            _ => throw PlanErrors.Invalid("linux.devices", $"{device.Path}: \"{device.Type}\" is none of c, u, b and p"),
        };
        if (!device.Path.StartsWith('/') || device.Path.EndsWith('/'))
        {
            throw PlanErrors.Invalid("linux.devices", $"\"{device.Path}\" is not an absolute path of a file");
        }

        try
        {
            var (directory, name) = tree.EnsureParent(device.Path);
            using (directory)
            {
                if (directory is null)
                {
                    throw PlanErrors.Invalid("linux.devices", $"{device.Path} lies in a file system of the kernel's");
                }

                var mode = type | (device.FileMode ?? DefaultMode);
                FilesAt.MakeNode(directory, name, mode, (uint)device.Major, (uint)device.Minor);
                using var made = FilesAt.OpenBeneath(directory, name, OpenFlags.PathOnly | OpenFlags.NoFollow, OpenFlags.ResolveBeneath);
                FilesAt.ChangeOwner(made, Host(uids, device.Uid), Host(gids, device.Gid));
            }
        }
        catch (ErrnoException e) when (e.Errno == Errno.EEXIST)
        {
            RequireSame(device, type, step);
        }
        catch (ErrnoException e) when (e.Errno == Errno.EPERM)
        {
            Bind(device, step); // the launcher itself may not make nodes: it shows the host's own
        }
        catch (ErrnoException e)
        {
            throw new LaunchException(step, e.Errno, $"{step}: {e.Message}", inner: e);
        }
    }

    private void RequireSame(OciDevice device, uint type, string step)
    {
        using var found = tree.Find(device.Path)?.Found;
        var facts = found is null ? default : FilesAt.Stat(found);
        if ((facts.Mode & OpenFlags.TypeMask) != type || facts.DeviceMajor != device.Major || facts.DeviceMinor != device.Minor)
        {
            throw new LaunchException(step, Errno.EEXIST, $"{step}: the root filesystem has something else there");
        }
    }

    private void Bind(OciDevice device, string step)
    {
        try
        {
            var source = MountApi.CloneTree(device.Path, recursive: false);
            prepared.Mounts.Add(new PreparedMount(PlaceOf(device.Path), $"{device.Path} on {device.Path}", source));
        }
        catch (ErrnoException e)
        {
            throw new LaunchException(step, e.Errno, $"{step}: {e.Message}", inner: e);
        }
    }

    private string PlaceOf(string path)
    {
        var (place, found) = tree.Ensure(path, directory: false);
        found?.Dispose();
        return place;
    }

    private void Link(string path, string target)
    {
        try
        {
            var (directory, name) = tree.EnsureParent(path);
            using (directory)
            {
                if (directory is not null)
                {
                    FilesAt.MakeSymlink(target, directory, name);
                    using var made = FilesAt.OpenBeneath(directory, name, OpenFlags.PathOnly | OpenFlags.NoFollow, OpenFlags.ResolveBeneath);
                    FilesAt.ChangeOwner(made, Host(uids, 0), Host(gids, 0));
                }
            }
        }
        catch (ErrnoException e) when (e.Errno == Errno.EEXIST)
        {
            // An image may bring its own.
        }
        catch (ErrnoException e)
        {
            throw new LaunchException($"make the link {path}", e.Errno, $"make the link {path}: {e.Message}", inner: e);
        }
    }

    private static uint Host(OciIdMapping[]? mappings, uint? id) => IdMap.ToHost(mappings, id ?? 0) ?? throw PlanErrors.Invalid("linux.devices", $"the owner {id} is not mapped");
}
