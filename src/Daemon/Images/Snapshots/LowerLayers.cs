using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Images.Snapshots;

/// <summary>
/// The merged view of some layers without mounting them: what overlayfs would show at a path, and which layer it comes from. Walks by single names
/// and descriptors, so that the layers' links lead nowhere outside.
/// </summary>
internal sealed class LowerLayers : IDisposable
{
    private const int MaximumLinks = 40;
    private readonly SafeFileHandle[] _roots;

    /// <param name="directories">Top first.</param>
    public LowerLayers(IEnumerable<string> directories) => _roots = [.. directories.Select(TreeFiles.OpenDirectory)];

    public bool IsEmpty => _roots.Length == 0;

    /// <summary>What the merged tree has at <paramref name="path"/>; a link at its end is itself found, those before it are followed.</summary>
    /// <returns>Null when there is nothing.</returns>
    public FoundBelow? Find(byte[] path)
    {
        var links = 0;
        return Find(path, ref links);
    }

    /// <summary>As <see cref="Find(byte[])"/>, but follows a link at the end too.</summary>
    public FoundBelow? Resolve(byte[] path)
    {
        var links = 0;
        var found = Find(path, ref links);
        while (found is { Status.Kind: FileKind.Symlink })
        {
            var target = Target(found);
            found.Dispose();
            found = ++links > MaximumLinks ? null : Find(target, ref links);
        }

        return found;
    }

    /// <summary>Where the layers have what the merged tree shows at a path, links followed: the directories that merge there, top first, or the one file.</summary>
    /// <returns>Index of the layer and the path in it; none when there is nothing.</returns>
    public IReadOnlyList<(int Layer, byte[] Path)> Places(byte[] path)
    {
        using var found = Resolve(path);
        if (found is null)
        {
            return [];
        }

        List<int> layers = [.. Enumerable.Range(0, _roots.Length)];
        var walked = Array.Empty<byte>();
        foreach (var name in Components(found.Path))
        {
            walked = LayerPath.Join(walked, name);
            layers = Showing(layers, walked);
        }

        return [.. layers.Select(layer => (layer, walked))];
    }

    public void Dispose()
    {
        foreach (var root in _roots)
        {
            root.Dispose();
        }
    }

    private FoundBelow? Find(byte[] path, ref int links)
    {
        var directories = _roots.ToList(); // the layers' own directories that merge at this point, top first
        var owned = new List<SafeFileHandle>();
        try
        {
            var walked = Array.Empty<byte>();
            var components = Components(path);
            for (var i = 0; i < components.Count; i++)
            {
                var name = components[i];
                var (top, found, merged) = Step(directories, name);
                owned.AddRange(merged);
                if (top is null || found is not { } status)
                {
                    return null;
                }

                var isLast = i == components.Count - 1;
                if (isLast)
                {
                    return new FoundBelow(TreeFiles.Duplicate(top), name, LayerPath.Join(walked, name), status);
                }

                if (status.Kind == FileKind.Symlink)
                {
                    if (++links > MaximumLinks)
                    {
                        return null;
                    }

                    var rest = components.Skip(i + 1).Aggregate(Follow(walked, TreeFiles.ReadLink(top, name)), (way, component) => LayerPath.Join(way, component));
                    return Find(rest, ref links);
                }

                if (status.Kind != FileKind.Directory)
                {
                    return null;
                }

                walked = LayerPath.Join(walked, name);
                directories = merged;
            }

            return directories.Count == 0
                ? null
                : new FoundBelow(TreeFiles.Duplicate(directories[0]), [], [], TreeFiles.TryStatus(directories[0], []).GetValueOrDefault());
        }
        finally
        {
            owned.ForEach(handle => handle.Dispose());
        }
    }

    /// <returns>The directory whose entry shows, that entry, and the directories that merge below it.</returns>
    private static (SafeFileHandle? Top, FileStatus? Status, List<SafeFileHandle> Merged) Step(List<SafeFileHandle> directories, byte[] name)
    {
        SafeFileHandle? top = null;
        FileStatus? shown = null;
        var merged = new List<SafeFileHandle>();
        foreach (var directory in directories)
        {
            if (TreeFiles.TryStatus(directory, name) is not { } status)
            {
                continue;
            }

            if (status.Kind != FileKind.Directory)
            {
                if (shown is null && !status.IsWhiteout)
                {
                    (top, shown) = (directory, status);
                }

                break; // a whiteout or another kind of file hides what is below
            }

            top ??= directory;
            shown ??= status;
            var opened = TreeFiles.OpenSubdirectory(directory, name);
            merged.Add(opened);
            if (IsOpaque(opened))
            {
                break;
            }
        }

        return (top, shown, merged);
    }

    /// <summary>Of layers whose directories merge one level up, those that have a part in what is at the path.</summary>
    private List<int> Showing(List<int> layers, byte[] path)
    {
        var showing = new List<int>();
        foreach (var layer in layers)
        {
            if (TreeFiles.TryStatus(_roots[layer], path) is not { } status)
            {
                continue;
            }

            if (status.Kind != FileKind.Directory)
            {
                if (showing.Count == 0 && !status.IsWhiteout)
                {
                    showing.Add(layer);
                }

                break;
            }

            showing.Add(layer);
            if (TreeFiles.ReadAttributes(_roots[layer], path).Any(attribute => attribute.Name.AsSpan().SequenceEqual(OverlayAttributes.Opaque)))
            {
                break;
            }
        }

        return showing;
    }

    private static bool IsOpaque(SafeFileHandle directory)
        => TreeFiles.ReadAttributes(directory, []).Any(attribute => attribute.Name.AsSpan().SequenceEqual(OverlayAttributes.Opaque));

    private static byte[] Target(FoundBelow link) => Follow(LayerPath.Split(link.Path).Parent, TreeFiles.ReadLink(link.Directory, link.Name));

    private static byte[] Follow(byte[] directory, byte[] target) => target is [(byte)'/', ..] ? target : LayerPath.Join(directory, target);

    // ".." goes back in the text: after links have been followed, the walked part has none left.
    private static List<byte[]> Components(byte[] path)
    {
        var components = new List<byte[]>();
        foreach (var range in path.AsSpan().Split((byte)'/'))
        {
            var component = path[range];
            if (component.AsSpan().SequenceEqual(".."u8))
            {
                if (components.Count > 0)
                {
                    components.RemoveAt(components.Count - 1);
                }
            }
            else if (component.Length > 0 && !component.AsSpan().SequenceEqual("."u8))
            {
                components.Add(component);
            }
        }

        return components;
    }
}

/// <summary>Something that a merged tree shows.</summary>
/// <param name="Directory">The directory in its layer; owned.</param>
/// <param name="Name">Its entry there; empty for the root, which is then <paramref name="Directory"/> itself.</param>
/// <param name="Path">Where it is in the merged tree, links on the way resolved.</param>
internal sealed record FoundBelow(SafeFileHandle Directory, byte[] Name, byte[] Path, FileStatus Status) : IDisposable
{
    public void Dispose() => Directory.Dispose();
}
