namespace Berth.Daemon.Images.Snapshots;

/// <summary>Where the unpacked layers lie: layers/&lt;chain id&gt;/diff under the data root, in overlay's own form.</summary>
internal sealed class SnapshotService
{
    private readonly string _layers;
    private readonly string _empty;

    public SnapshotService(ImagesOptions options)
    {
        _layers = Path.Combine(options.DataRoot, "layers");
        Trash = Path.Combine(_layers, "trash");
        Incoming = Path.Combine(_layers, "incoming");
        _empty = Path.Combine(_layers, "empty", "diff");

        // Layers hold setuid programs and other people's files: nobody but root walks in (CVE-2021-41091).
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(_layers, ownerOnly);
        File.SetUnixFileMode(_layers, ownerOnly);
        Directory.CreateDirectory(Trash, ownerOnly);
        Directory.CreateDirectory(Incoming, ownerOnly);
        Directory.CreateDirectory(_empty, ownerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
    }

    /// <summary>Layers being unpacked; what a crash leaves here is nobody's.</summary>
    internal string Incoming { get; }

    /// <summary>Layers that were removed and only await their deletion.</summary>
    internal string Trash { get; }

    /// <summary>The directories to lay under a container's writable one: top first, absolute, never none.</summary>
    public string[] LowerDirectories(ImageRecord image)
        => image.Layers.Count == 0 ? [_empty] : [.. image.ChainIds.Reverse().Select(DiffDirectory)];

    public string LayerDirectory(string chainId) => Path.Combine(_layers, Hex(chainId));

    public string DiffDirectory(string chainId) => Path.Combine(LayerDirectory(chainId), "diff");

    /// <summary>The chain ids whose directories are there, whether or not a record knows them.</summary>
    internal IEnumerable<string> LayersOnDisk()
        => Directory.EnumerateDirectories(_layers).Select(Path.GetFileName).OfType<string>().Where(name => name.Length == 64).Select(name => "sha256:" + name);

    // No colon in the directory's name: mount(2)'s option string separates layers by it.
    private static string Hex(string chainId) => chainId[(chainId.IndexOf(':', StringComparison.Ordinal) + 1)..];
}
