using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Rootfs;

/// <summary>The root filesystem of an image's layers, as an unattached mount.</summary>
internal static class OverlayMount
{
    /// <summary>fsconfig(2) takes strings of up to 255 bytes; longer paths go by descriptor.</summary>
    private const int MaxString = 255;

    /// <param name="uids">Of the container's user namespace: layers are shown with the owners it expects, and the writable directories made its own. Null: none.</param>
    /// <exception cref="ErrnoException">ENOENT: a layer's directory is missing. EINVAL: the kernel can't id-map this file system.</exception>
    public static SafeFileHandle Create(OverlayRootfs rootfs, OciIdMapping[]? uids, OciIdMapping[]? gids)
    {
        var opened = new List<SafeFileHandle>();
        try
        {
            using var userNamespace = uids is { Length: > 0 } ? UserNamespace.Create(Shown(uids, rootfs), Shown(gids!, rootfs)) : null;
            if (userNamespace is not null && !rootfs.MapsWritable)
            {
                OwnWritable(rootfs, IdMap.ToHost(uids, 0)!.Value, IdMap.ToHost(gids, 0)!.Value);
            }

            if (rootfs.UpperDirectory is null && rootfs.LowerDirectories.Length == 1)
            {
                // Overlay wants two layers when none is writable; one alone needs no overlay.
                var single = Layer(rootfs.LowerDirectories[0], userNamespace);
                MountApi.SetAttributes(single, MountAttributes.ReadOnly, 0, MountPropagation.Private, recursive: false, rootfs.LowerDirectories[0]);
                return single;
            }

            using var context = MountApi.OpenFileSystem("overlay");
            MountApi.Configure(context, "source", "overlay");
            foreach (var lower in rootfs.LowerDirectories)
            {
                if (userNamespace is null)
                {
                    MountApi.Configure(context, "lowerdir+", Short(lower, opened));
                    continue;
                }

                var layer = Layer(lower, userNamespace);
                opened.Add(layer);
                MountApi.Configure(context, "lowerdir+", layer);
            }

            if (rootfs.UpperDirectory is { } upper)
            {
                var work = rootfs.WorkDirectory ?? throw new ErrnoException(Errno.EINVAL, "overlay", "an upper directory without a work directory");
                var mapped = userNamespace is not null && rootfs.MapsWritable ? WritableThrough(userNamespace, upper, work, opened) : default((string, string)?);
                MountApi.Configure(context, "upperdir", mapped?.Item1 ?? Short(upper, opened));
                MountApi.Configure(context, "workdir", mapped?.Item2 ?? Short(work, opened));
                if (rootfs.Volatile)
                {
                    MountApi.Configure(context, "volatile", (string?)null);
                }
            }

            // An upper layer becomes an image's layer: it must be whole by itself, with no links into the lower ones.
            MountApi.Configure(context, "index", "off");
            MountApi.Configure(context, "metacopy", "off");
            MountApi.Configure(context, "redirect_dir", "off");
            return MountApi.Mount(context, MountAttributes.None, "overlay");
        }
        catch (ErrnoException e) when (e.Errno is Errno.EINVAL or Errno.ENOSYS && uids is null && !ClassicOverlay.KernelHasLowerdirPlus())
        {
            return ClassicOverlay.Create(rootfs);
        }
        catch (ErrnoException e) when (e.Errno is Errno.EOPNOTSUPP or Errno.EINVAL && uids is not null && !ClassicOverlay.KernelHasLowerdirPlus())
        {
            throw new ErrnoException(Errno.EOPNOTSUPP, "overlay", "id-mapped layers of a user namespace, which need Linux 6.5");
        }
        finally
        {
            opened.ForEach(handle => handle.Dispose());
        }
    }

    private static SafeFileHandle Layer(string directory, SafeFileHandle? userNamespace)
    {
        var layer = MountApi.CloneTree(directory, recursive: false);
        if (userNamespace is not null)
        {
            MountApi.SetAttributes(layer, MountAttributes.IdMap, 0, MountPropagation.Unchanged, recursive: false, $"id-mapping of {directory}", userNamespace);
        }

        return layer;
    }

    /// <summary>
    /// Overlay makes files in the writable directory as whoever mounts it, and only then gives them to their owner: on an id-mapped mount that one needs
    /// a number too, or overlay falls back to read-only. It is one that no image uses, and stays outside of the container's own.
    /// </summary>
    private static OciIdMapping[] Shown(OciIdMapping[] mappings, OverlayRootfs rootfs)
        => rootfs.MapsWritable ? [.. mappings, new OciIdMapping { ContainerId = int.MaxValue - 1, HostId = 0, Size = 1 }] : mappings;

    /// <summary>Paths of the two directories in one id-mapped mount, as overlay wants them.</summary>
    private static (string Upper, string Work) WritableThrough(SafeFileHandle userNamespace, string upper, string work, List<SafeFileHandle> opened)
    {
        var parent = Path.GetDirectoryName(upper);
        if (parent is null || parent != Path.GetDirectoryName(work))
        {
            throw new ErrnoException(Errno.EINVAL, "overlay", $"{upper} and {work}, which do not lie in one directory");
        }

        var both = Layer(parent, userNamespace);
        opened.Add(both);
        var through = $"/proc/self/fd/{both.Fd()}";
        return ($"{through}/{Path.GetFileName(upper)}", $"{through}/{Path.GetFileName(work)}");
    }

    private static void OwnWritable(OverlayRootfs rootfs, uint uid, uint gid)
    {
        foreach (var path in new[] { rootfs.UpperDirectory, rootfs.WorkDirectory })
        {
            if (path is not null)
            {
                using var directory = FilesAt.Open(path, OpenFlags.PathOnly | OpenFlags.Directory);
                FilesAt.ChangeOwner(directory, uid, gid);
            }
        }
    }

    private static string Short(string path, List<SafeFileHandle> opened)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(path) <= MaxString)
        {
            return path;
        }

        var directory = FilesAt.Open(path, OpenFlags.PathOnly | OpenFlags.Directory);
        opened.Add(directory);
        return $"/proc/self/fd/{directory.Fd()}";
    }
}
