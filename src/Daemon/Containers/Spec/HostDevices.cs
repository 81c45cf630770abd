using Berth.Daemon.Containers.Cdi;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Spec;

/// <summary>Device nodes of the host, as OCI devices.</summary>
internal static class HostDevices
{
    // File systems and links of their own below /dev, which every container has itself.
    private static readonly HashSet<string> Skipped = ["pts", "shm", "fd", "mqueue", "console", "core", "ptmx", "hugepages", ".lxc", ".lxd-mounts", ".udev"];

    /// <summary>The node at the path, or, where it is a directory, all nodes in it.</summary>
    /// <exception cref="EngineException">InvalidArgument: there is no device.</exception>
    public static IReadOnlyList<OciDevice> At(string pathOnHost, string pathInContainer)
    {
        if (Directory.Exists(pathOnHost))
        {
            var found = new List<OciDevice>();
            Collect(pathOnHost, pathInContainer, found, skip: []);
            return found.Count > 0 ? found : throw NoDevice(pathOnHost, "no devices in it");
        }

        try
        {
            return [Describe(pathOnHost, pathInContainer) ?? throw NoDevice(pathOnHost, "not a device node")];
        }
        catch (ErrnoException missing) when (missing.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw NoDevice(pathOnHost, "no such file or directory");
        }
    }

    /// <summary>A CDI device's node, with what it leaves open looked up on the host.</summary>
    /// <exception cref="EngineException">InvalidArgument: there is no device.</exception>
    public static OciDevice Of(CdiNode node)
    {
        var found = node is { Type: not null, Major: not null, Minor: not null } ? null : At(node.HostPath, node.Path) is [var only] ? only : throw NoDevice(node.HostPath, "not a device node");
        return new OciDevice
        {
            Type = node.Type ?? found!.Type, // looked up when any of the three was open
            Path = node.Path,
            Major = node.Major ?? found!.Major,
            Minor = node.Minor ?? found!.Minor,
            FileMode = node.FileMode ?? found?.FileMode,
            Uid = node.Uid ?? found?.Uid,
            Gid = node.Gid ?? found?.Gid,
        };
    }

    /// <summary>All of /dev, for privileged containers.</summary>
    public static IReadOnlyList<OciDevice> All()
    {
        var found = new List<OciDevice>();
        Collect("/dev", "/dev", found, Skipped);
        return found;
    }

    /// <exception cref="EngineException">InvalidArgument: there is no block device.</exception>
    public static (long Major, long Minor) BlockDevice(string path)
    {
        try
        {
            var facts = FilesAt.Stat(path);
            return (facts.Mode & OpenFlags.TypeMask) == OpenFlags.BlockDevice
                ? (facts.DeviceMajor, facts.DeviceMinor)
                : throw NoDevice(path, "not a block device");
        }
        catch (ErrnoException missing) when (missing.Errno is Errno.ENOENT or Errno.ENOTDIR)
        {
            throw NoDevice(path, "no such file or directory");
        }
    }

    private static EngineException NoDevice(string path, string why) => new(ErrorKind.InvalidArgument,
        $"error gathering device information while adding custom device \"{path}\": {why}");

    private static void Collect(string directory, string shownAs, List<OciDevice> found, HashSet<string> skip)
    {
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (skip.Contains(entry.Name) || entry.LinkTarget is not null)
            {
                continue;
            }

            var path = $"{shownAs}/{entry.Name}";
            if (entry is DirectoryInfo)
            {
                Collect(entry.FullName, path, found, skip: []);
                continue;
            }

            try
            {
                if (Describe(entry.FullName, path) is { } device)
                {
                    found.Add(device);
                }
            }
            catch (ErrnoException gone) when (gone.Errno == Errno.ENOENT)
            {
                // Unplugged since the directory was read.
            }
        }
    }

    private static OciDevice? Describe(string path, string shownAs)
    {
        var facts = FilesAt.Stat(path);
        var type = (facts.Mode & OpenFlags.TypeMask) switch
        {
            OpenFlags.CharacterDevice => "c",
            OpenFlags.BlockDevice => "b",
            _ => null,
        };
        return type is null ? null : new OciDevice
        {
            Type = type,
            Path = shownAs,
            Major = facts.DeviceMajor,
            Minor = facts.DeviceMinor,
            FileMode = facts.Mode & 0xfff,
            Uid = facts.Uid,
            Gid = facts.Gid,
        };
    }
}
