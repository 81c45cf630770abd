using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Spec;

/// <summary>A container's files seen from outside, read-only and mounted nowhere: layers laid over one another on a descriptor.</summary>
internal static class RootView
{
    /// <summary>The merged tree; the mount goes away with the descriptor.</summary>
    /// <param name="layers">Top first, absolute. A writable layer may be among them: it is read as any other.</param>
    /// <exception cref="ErrnoException">A layer is missing, or the kernel has no overlay.</exception>
    public static SafeFileHandle Open(IReadOnlyList<string> layers)
    {
        if (layers.Count == 1)
        {
            return FilesAt.Open(layers[0], OpenFlags.PathOnly | OpenFlags.Directory);
        }

        using var context = MountApi.OpenFileSystem("overlay");
        foreach (var layer in layers)
        {
            MountApi.Configure(context, "lowerdir+", layer);
        }

        return MountApi.Mount(context, MountAttributes.ReadOnly, "overlay");
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
