using Berth.Shared.Linux;

namespace Berth.Daemon.Images.Snapshots;

/// <summary>What an extracted archive leaves to be done, and its measures.</summary>
internal sealed class UnpackedLayer
{
    public long Entries { get; set; }

    /// <summary>Bytes of all regular files.</summary>
    public long SizeBytes { get; set; }

    /// <summary>Extended attributes that no layer may bring or that the file system can't keep.</summary>
    public int AttributesLeftOut { get; set; }

    /// <summary>Directories the archive only presupposed: their owner, mode and the like are those of the layers below.</summary>
    public OrderedPaths Implied { get; } = new();

    /// <summary>Hard links to files that only a layer below has.</summary>
    public List<(byte[] Path, byte[] Target)> LinksBelow { get; } = [];

    /// <summary>Set last of all, since making entries changes them.</summary>
    public Dictionary<byte[], (FileTime Accessed, FileTime Modified)> DirectoryTimes { get; } = new(BytesComparer.Instance);

    /// <summary>A directory was removed again with all below it.</summary>
    public void ForgetDirectories(byte[] path)
    {
        DirectoryTimes.Remove(path);
        Implied.Remove(path);
        foreach (var below in DirectoryTimes.Keys.Where(known => LayerPath.IsBelow(known, path)).ToList())
        {
            DirectoryTimes.Remove(below);
        }

        foreach (var below in Implied.Where(known => LayerPath.IsBelow(known, path)).ToList())
        {
            Implied.Remove(below);
        }
    }
}

/// <summary>A set of paths in the order they came, parents therefore before children.</summary>
internal sealed class OrderedPaths : IEnumerable<byte[]>
{
    private readonly OrderedDictionary<byte[], byte> _paths = new(BytesComparer.Instance);

    public void Add(byte[] path) => _paths.TryAdd(path, 0);

    public bool Remove(byte[] path) => _paths.Remove(path);

    public bool Contains(byte[] path) => _paths.ContainsKey(path);

    public IEnumerator<byte[]> GetEnumerator() => _paths.Keys.GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}
