using Berth.Shared.Linux;
using Berth.Shared.Supervision;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Spec;

/// <summary>A container's files seen from outside, read-only and mounted nowhere: layers laid over one another on a descriptor.</summary>
internal static class RootView
{
    private static readonly Lazy<bool> HasLowerdirPlus = new(ClassicOverlay.KernelHasLowerdirPlus);

    /// <summary>The merged tree; the mount goes away with the descriptor.</summary>
    /// <param name="layers">Top first, absolute. A writable layer may be among them: it is read as any other.</param>
    /// <exception cref="ErrnoException">A layer is missing, or the kernel has no overlay.</exception>
    public static SafeFileHandle Open(IReadOnlyList<string> layers)
    {
        if (layers.Count == 1)
        {
            return FilesAt.Open(layers[0], OpenFlags.PathOnly | OpenFlags.Directory);
        }

        return Overlay(new OverlayRootfs { LowerDirectories = [.. layers] }, MountAttributes.ReadOnly);
    }

    /// <summary>The merged tree with a writable layer on top, as the container's own mount has it; not to be made while another mount has that layer.</summary>
    /// <param name="layers">The image's, top first, absolute.</param>
    public static SafeFileHandle OpenWritable(IReadOnlyList<string> layers, string upper, string work, bool readOnly) => Overlay(
        new OverlayRootfs { LowerDirectories = [.. layers], UpperDirectory = upper, WorkDirectory = work },
        readOnly ? MountAttributes.ReadOnly : MountAttributes.None);

    private static SafeFileHandle Overlay(OverlayRootfs rootfs, MountAttributes attributes)
    {
        if (!HasLowerdirPlus.Value)
        {
            var mount = ClassicOverlay.Create(rootfs);
            MountApi.SetAttributes(mount, attributes, 0, MountPropagation.Unchanged, recursive: false, "overlay");
            return mount;
        }

        var opened = new List<SafeFileHandle>();
        try
        {
            using var context = MountApi.OpenFileSystem("overlay");
            foreach (var layer in rootfs.LowerDirectories)
            {
                MountApi.Configure(context, "lowerdir+", Short(layer, opened));
            }

            if (rootfs is { UpperDirectory: { } upper, WorkDirectory: { } work })
            {
                MountApi.Configure(context, "upperdir", Short(upper, opened));
                MountApi.Configure(context, "workdir", Short(work, opened));
                MountApi.Configure(context, "index", "off");
                MountApi.Configure(context, "metacopy", "off");
                MountApi.Configure(context, "redirect_dir", "off");
            }

            return MountApi.Mount(context, attributes, "overlay");
        }
        finally
        {
            opened.ForEach(handle => handle.Dispose());
        }
    }

    // fsconfig(2) takes strings of up to 255 bytes.
    private static string Short(string path, List<SafeFileHandle> opened)
    {
        const int maximum = 255;
        if (System.Text.Encoding.UTF8.GetByteCount(path) <= maximum)
        {
            return path;
        }

        var directory = FilesAt.Open(path, OpenFlags.PathOnly | OpenFlags.Directory);
        opened.Add(directory);
        return $"/proc/self/fd/{directory.Fd()}";
    }

    /// <summary>A whole small text file below the root, no link followed out of it; null when there is none.</summary>
    /// <param name="limit">Larger files are cut there: what reads them is not to be kept busy by an image.</param>
    public static byte[]? ReadFile(SafeFileHandle root, string path, int limit)
    {
        var fd = FilesAt.TryOpenBeneath(root.Fd(), path, OpenFlags.ReadOnly | OpenFlags.NonBlocking,
            OpenFlags.ResolveInRoot | OpenFlags.ResolveNoMagicLinks);
        if (fd < 0)
        {
            return Syscall.LastErrno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP ? null : throw new ErrnoException(Syscall.LastErrno, "open", path);
        }

        using var file = new SafeFileHandle(fd, ownsHandle: true);
        if ((FilesAt.Stat(file).Mode & OpenFlags.TypeMask) != OpenFlags.Regular)
        {
            return null; // a FIFO or a device in its place must not be read
        }

        var content = new byte[Math.Min(limit, RandomAccess.GetLength(file))];
        var read = 0;
        while (read < content.Length && RandomAccess.Read(file, content.AsSpan(read), read) is var got and > 0)
        {
            read += got;
        }

        return content.AsSpan(0, read).ToArray();
    }
}
