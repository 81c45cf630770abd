using System.Text;
using Berth.Shared.Linux;

namespace Berth.Daemon.Images.Snapshots;

/// <summary>Where the unpacked layers lie: layers/&lt;chain id&gt;/diff under the data root, in overlay's own form.</summary>
internal sealed class SnapshotService
{
    private readonly string _layers;

    public SnapshotService(ImagesOptions options)
    {
        _layers = Path.Combine(options.DataRoot, "layers");
        Trash = Path.Combine(_layers, "trash");
        Incoming = Path.Combine(_layers, "incoming");
        EmptyDirectory = Path.Combine(_layers, "empty", "diff");

        // Layers hold setuid programs and other people's files: nobody but root walks in (CVE-2021-41091).
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(_layers, ownerOnly);
        File.SetUnixFileMode(_layers, ownerOnly);
        Directory.CreateDirectory(Trash, ownerOnly);
        Directory.CreateDirectory(Incoming, ownerOnly);
        Directory.CreateDirectory(EmptyDirectory, ownerOnly | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
    }

    /// <summary>A layer with nothing in it.</summary>
    public string EmptyDirectory { get; }

    /// <summary>Layers being unpacked; what a crash leaves here is nobody's.</summary>
    internal string Incoming { get; }

    /// <summary>Layers that were removed and only await their deletion.</summary>
    internal string Trash { get; }

    /// <summary>The directories to lay under a container's writable one: top first, absolute, never none.</summary>
    public string[] LowerDirectories(ImageRecord image)
        => image.Layers.Count == 0 ? [EmptyDirectory] : [.. image.ChainIds.Reverse().Select(DiffDirectory)];

    public string LayerDirectory(string chainId) => Path.Combine(_layers, Hex(chainId));

    public string DiffDirectory(string chainId) => Path.Combine(LayerDirectory(chainId), "diff");

    /// <summary>Takes a layer's directory out of use at once; its deletion is <see cref="EmptyTrash"/>'s.</summary>
    internal void Discard(string chainId)
    {
        var directory = LayerDirectory(chainId);
        if (Directory.Exists(directory))
        {
            Directory.Move(directory, Path.Combine(Trash, Guid.NewGuid().ToString("N")));
        }
    }

    /// <summary>Deletes what was discarded, file names that are no text among it.</summary>
    internal void EmptyTrash()
    {
        using var trash = TreeFiles.OpenDirectory(Trash);
        foreach (var entry in TreeFiles.ReadDirectory(trash))
        {
            TreeFiles.RemoveTree(trash, entry.Name);
        }
    }

    /// <summary>What a daemon that died was unpacking becomes trash.</summary>
    internal void DiscardIncoming()
    {
        foreach (var directory in Directory.EnumerateDirectories(Incoming))
        {
            Directory.Move(directory, Path.Combine(Trash, Path.GetFileName(directory)));
        }
    }

    internal void RemoveIncoming(string directory)
    {
        using var parent = TreeFiles.OpenDirectory(Incoming);
        TreeFiles.RemoveTree(parent, Encoding.UTF8.GetBytes(Path.GetFileName(directory)));
    }

    /// <summary>Everything unpacked and stored so far survives a loss of power after this.</summary>
    internal void Sync()
    {
        using var layers = TreeFiles.OpenDirectory(_layers);
        TreeFiles.SyncFileSystem(layers);
    }

    /// <summary>The chain ids whose directories are there, whether or not a record knows them.</summary>
    internal IEnumerable<string> LayersOnDisk()
        => Directory.EnumerateDirectories(_layers).Select(Path.GetFileName).OfType<string>().Where(name => name.Length == 64).Select(name => "sha256:" + name);

    // No colon in the directory's name: mount(2)'s option string separates layers by it.
    private static string Hex(string chainId) => chainId[(chainId.IndexOf(':', StringComparison.Ordinal) + 1)..];
}
