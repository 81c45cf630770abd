using Berth.Daemon.Containers.Spec;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Archive;

/// <summary>
/// How a container's writable directory changes the image below it. Places that the engine itself made there for mounts (/etc/hosts, /proc, volumes) are no
/// changes of the container's, and neither are directories whose times they changed.
/// </summary>
internal sealed class WritableLayer
{
    private static readonly string[] EnginePlaces = ["proc", "dev", "sys", "etc/hosts", "etc/hostname", "etc/resolv.conf"];

    private readonly HashSet<byte[]> _places = new(BytesComparer.Instance);
    private readonly HashSet<byte[]> _waysToPlaces = new(BytesComparer.Instance);
    private readonly List<LayerChange> _changes = [];
    private readonly HashSet<byte[]> _leftOut = new(BytesComparer.Instance);

    private WritableLayer(IEnumerable<string> mountTargets)
    {
        foreach (var place in EnginePlaces.Concat(mountTargets.Select(target => target.Trim('/'))))
        {
            var path = System.Text.Encoding.UTF8.GetBytes(place);
            _places.Add(path);
            for (path = LayerPath.Split(path).Parent; path.Length > 0; path = LayerPath.Split(path).Parent)
            {
                _waysToPlaces.Add(path);
            }
        }
    }

    /// <summary>In the order of the tree, a directory before what is in it.</summary>
    public IReadOnlyList<LayerChange> Changes => _changes;

    /// <summary>Paths in the writable directory that are no change.</summary>
    public IReadOnlySet<byte[]> LeftOut => _leftOut;

    /// <param name="upper">The writable directory.</param>
    /// <param name="lowerDirectories">The image's layers, top first.</param>
    /// <param name="mountTargets">Where the container's own mounts are.</param>
    public static WritableLayer Compare(string upper, IReadOnlyList<string> lowerDirectories, IEnumerable<string> mountTargets)
    {
        var layer = new WritableLayer(mountTargets);
        using var top = TreeFiles.OpenDirectory(upper);
        using var view = RootView.Open(lowerDirectories);
        using var below = TreeFiles.OpenDirectoryInRoot(view, []);
        layer.Scan(top, below, []);
        return layer;
    }

    /// <returns>Whether something below was left out, and how many changes there are.</returns>
    private (bool LeftOut, int Changes) Scan(SafeFileHandle upper, SafeFileHandle? lower, byte[] path)
    {
        var (leftOut, before) = (false, _changes.Count);
        foreach (var entry in TreeFiles.ReadDirectory(upper).OrderBy(entry => entry.Name, Comparer<byte[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y))))
        {
            if (TreeFiles.TryStatus(upper, entry.Name) is { } status)
            {
                leftOut |= !Take(upper, lower, entry.Name, LayerPath.Join(path, entry.Name), status);
            }
        }

        return (leftOut, _changes.Count - before);
    }

    /// <returns>False when the entry is no change, nor is anything below it.</returns>
    private bool Take(SafeFileHandle upper, SafeFileHandle? lower, byte[] name, byte[] path, FileStatus status)
    {
        var original = lower is null ? null : TreeFiles.TryStatus(lower, name);
        if (status.IsWhiteout)
        {
            return original is null ? LeaveOut(path) : Add(path, LayerChangeKind.Deleted);
        }

        if (status.Kind == FileKind.Directory)
        {
            return TakeDirectory(upper, lower, name, path, status, original);
        }

        return original is null && status is { Kind: FileKind.Regular, Size: 0 } && _places.Contains(path)
            ? LeaveOut(path)
            : Add(path, original is null ? LayerChangeKind.Added : LayerChangeKind.Modified);
    }

    private bool TakeDirectory(SafeFileHandle upper, SafeFileHandle? lower, byte[] name, byte[] path, FileStatus status, FileStatus? original)
    {
        using var directory = TreeFiles.OpenSubdirectory(upper, name);
        using var below = original is { Kind: FileKind.Directory } ? TreeFiles.OpenSubdirectory(lower!, name) : null; // what has a status has a directory
        var at = _changes.Count;
        var hidden = below is not null && IsOpaque(directory) ? AddHidden(upper, name, below, path) : 0;
        var (leftOut, changes) = Scan(directory, hidden > 0 ? null : below, path);
        var isUnchanged = changes + hidden == 0 && original switch
        {
            null => _places.Contains(path) || (_waysToPlaces.Contains(path) && leftOut),
            { Kind: FileKind.Directory } there => IsSame(there, status) && (leftOut || there.Modified == status.Modified),
            _ => false,
        };
        if (isUnchanged)
        {
            return LeaveOut(path);
        }

        // A directory that was only copied up, for the sake of something in it, is none of the changes; but it is part of the layer.
        if (original is not { Kind: FileKind.Directory } same || !IsSame(same, status) || same.Modified != status.Modified)
        {
            _changes.Insert(at, new LayerChange(path, original is null ? LayerChangeKind.Added : LayerChangeKind.Modified));
        }

        return true;
    }

    /// <summary>An opaque directory shows nothing of the one below it: what is only there counts as deleted.</summary>
    private int AddHidden(SafeFileHandle upper, byte[] name, SafeFileHandle below, byte[] path)
    {
        using var again = TreeFiles.OpenSubdirectory(upper, name);
        var shown = TreeFiles.ReadDirectory(again).Select(entry => entry.Name).ToHashSet(BytesComparer.Instance);
        var hidden = TreeFiles.ReadDirectory(below).Where(entry => !shown.Contains(entry.Name)).ToList();
        hidden.ForEach(entry => Add(LayerPath.Join(path, entry.Name), LayerChangeKind.Deleted));
        return hidden.Count;
    }

    private bool Add(byte[] path, LayerChangeKind kind)
    {
        _changes.Add(new LayerChange(path, kind));
        return true;
    }

    private bool LeaveOut(byte[] path)
    {
        _leftOut.Add(path);
        return false;
    }

    private static bool IsSame(FileStatus one, FileStatus other) => one.Mode == other.Mode && one.Uid == other.Uid && one.Gid == other.Gid;

    private static bool IsOpaque(SafeFileHandle directory)
        => TreeFiles.ReadAttributes(directory, []).Any(attribute => attribute.Name.AsSpan().SequenceEqual(OverlayAttributes.Opaque));
}

/// <param name="Path">From the root, without a slash in front.</param>
internal sealed record LayerChange(byte[] Path, LayerChangeKind Kind);

/// <summary>The numbers are the API's.</summary>
internal enum LayerChangeKind
{
    Modified = 0,
    Added = 1,
    Deleted = 2,
}
