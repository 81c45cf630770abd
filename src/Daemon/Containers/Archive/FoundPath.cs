using System.Text;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Archive;

/// <summary>Something in a container: an entry of an open directory, or with an empty name that directory itself.</summary>
internal sealed record FoundPath(SafeFileHandle Directory, byte[] Name, FileStatus Status) : IDisposable
{
    private const int MaximumLinks = 40;

    /// <returns>Null when there is nothing.</returns>
    public static FoundPath? Find(ContainerView view, ContainerPathName path)
    {
        var (root, within) = view.Locate(path.Text);
        return Find(root, Encoding.UTF8.GetBytes(within.Trim('/')), path.FollowsLast);
    }

    /// <summary>Where a link leads, as an absolute path in the container, all links at its end followed; empty for what is none.</summary>
    /// <remarks>For showing it, and for clients that then ask for that path: whoever uses it resolves it anew.</remarks>
    public static string LinkTarget(ContainerView view, ContainerPathName path, FoundPath found)
    {
        if (found.Status.Kind != FileKind.Symlink)
        {
            return "";
        }

        var (directory, link) = (Parent(path.Text), found);
        for (var links = 0; ; links++)
        {
            var target = Encoding.UTF8.GetString(TreeFiles.ReadLink(link.Directory, link.Name));
            var next = ContainerPathName.Parse(target.StartsWith('/') ? target : $"{directory}/{target}") with { FollowsLast = false };
            if (link != found)
            {
                link.Dispose();
            }

            var at = links < MaximumLinks ? Find(view, next) : null;
            if (at is not { Status.Kind: FileKind.Symlink })
            {
                at?.Dispose();
                return next.Text;
            }

            (directory, link) = (Parent(next.Text), at);
        }
    }

    public void Dispose() => Directory.Dispose();

    private static FoundPath? Find(SafeFileHandle root, byte[] path, bool followLast)
    {
        var (parentPath, name) = path.Length == 0 || followLast ? (path, Array.Empty<byte>()) : LayerPath.Split(path);
        var directory = TreeFiles.TryOpenDirectoryInRoot(root, parentPath, out var errno);
        if (directory is null)
        {
            return errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP or Errno.ENAMETOOLONG
                ? null
                : throw new ErrnoException(errno, "openat2", LayerPath.Show(parentPath));
        }

        if (TreeFiles.TryStatus(directory, name) is { } status)
        {
            return new FoundPath(directory, name, status);
        }

        directory.Dispose();
        return null;
    }

    private static string Parent(string path) => path[..Math.Max(0, path.LastIndexOf('/'))];
}
