using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Archive;

/// <summary>A container's files as it sees them itself, opened from outside. Paths are to be followed within a root only (RESOLVE_IN_ROOT).</summary>
/// <param name="root">Of the merged tree.</param>
/// <param name="apart">Mounts that have no place in the tree yet, since the container never ran: by their targets.</param>
/// <param name="held">What keeps the view together: the mount namespace that it is in.</param>
internal sealed class ContainerView(SafeFileHandle root, IReadOnlyDictionary<string, SafeFileHandle> apart, IDisposable? held) : IDisposable
{
    public SafeFileHandle Root => root;

    /// <summary>Which tree a path is in, and the path within it.</summary>
    /// <param name="path">Absolute and clean, but for a slash or "/." at its end, which stay.</param>
    public (SafeFileHandle Root, string Path) Locate(string path)
    {
        foreach (var (target, tree) in apart)
        {
            if (path.StartsWith(target, StringComparison.Ordinal) && (path.Length == target.Length || path[target.Length] == '/'))
            {
                return (tree, path.Length == target.Length ? "/" : path[target.Length..]);
            }
        }

        return (root, path);
    }

    public void Dispose()
    {
        root.Dispose();
        foreach (var tree in apart.Values)
        {
            tree.Dispose();
        }

        held?.Dispose();
    }
}
