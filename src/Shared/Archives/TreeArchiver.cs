using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Archives;

/// <summary>
/// Writes trees of files as members of a tar archive: owners, modes, times to the nanosecond, extended attributes, hard links, devices. Walks by
/// descriptors and single names, so that nothing a container renames meanwhile leads out of the tree. Entries are in the order of their names: the
/// same tree makes the same archive.
/// </summary>
/// <remarks>Blocks on the disk and on the output: for a thread of its own. Sockets are left out, as tar archives have no form for them.</remarks>
public sealed class TreeArchiver(Stream output)
{
    private readonly Dictionary<(ulong FileSystem, ulong Inode), byte[]> _links = [];
    private readonly byte[] _buffer = new byte[128 * 1024];

    /// <summary>The tree is overlay's writable directory, to be written as an image's layer: whiteouts and opaque directories become marker files; image-spec layer.md.</summary>
    public bool AsLayer { get; init; }

    /// <summary>Says of a directory on another file system whether it is written without its content: for /proc and its like.</summary>
    public Func<SafeFileHandle, bool>? IsEmptied { get; init; }

    /// <summary>Says of a path in the archive, without a slash at its end, that it is left out with all below it.</summary>
    public Func<byte[], bool>? IsLeftOut { get; init; }

    /// <summary>Says of an extended attribute, by its whole name, that it goes into the archive.</summary>
    public required Func<byte[], bool> TakesAttribute { get; init; }

    /// <summary>Members written so far.</summary>
    public long Members { get; private set; }

    /// <summary>Bytes of the files' content written so far.</summary>
    public long ContentBytes { get; private set; }

    /// <summary>Writes an entry of a directory, with all below it.</summary>
    /// <param name="name">The entry's.</param>
    /// <param name="path">The entry's path in the archive.</param>
    public void Add(SafeFileHandle directory, byte[] name, byte[] path, CancellationToken ct)
    {
        if (TreeFiles.TryStatus(directory, name) is { } status)
        {
            Write(directory, name, path, status, ct);
        }
    }

    /// <summary>Writes what is below an open directory, and not the directory itself.</summary>
    /// <param name="path">The directory's path in the archive; empty for the archive's root.</param>
    public void AddContent(SafeFileHandle directory, byte[] path, CancellationToken ct)
    {
        foreach (var entry in TreeFiles.ReadDirectory(directory).OrderBy(entry => entry.Name, BytesOrder.Instance))
        {
            var inner = Join(path, entry.Name);
            if (IsLeftOut?.Invoke(inner) != true)
            {
                Add(directory, entry.Name, inner, ct);
            }
        }
    }

    /// <summary>Writes an open directory as a member, without what is below it.</summary>
    /// <param name="path">With a slash at its end; may be no more than that.</param>
    public void AddDirectory(SafeFileHandle directory, byte[] path)
        => Header(new TarEntry { Name = path, Kind = TarEntryKind.Directory }, TreeFiles.TryStatus(directory, []).GetValueOrDefault(), Attributes(directory, []));

    /// <summary>Ends the archive.</summary>
    public void Finish() => output.Write(TarHeader.End);

    private void Write(SafeFileHandle directory, byte[] name, byte[] path, FileStatus status, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (AsLayer && status.IsWhiteout)
        {
            Marker(path.AsSpan(0, Math.Max(0, path.AsSpan().LastIndexOf((byte)'/'))), [.. ".wh."u8, .. name]);
            return;
        }

        if (status.Kind != FileKind.Directory && status.Links > 1 && !_links.TryAdd((status.FileSystem, status.Inode), path))
        {
            Header(new TarEntry { Name = path, Kind = TarEntryKind.HardLink, LinkTarget = _links[(status.FileSystem, status.Inode)] }, status, []);
            return;
        }

        switch (status.Kind)
        {
            case FileKind.Directory:
                WriteDirectory(directory, name, path, status, ct);
                break;
            case FileKind.Regular:
                WriteFile(directory, name, path, ct);
                break;
            case FileKind.Symlink:
                Header(new TarEntry { Name = path, Kind = TarEntryKind.Symlink, LinkTarget = TreeFiles.ReadLink(directory, name) }, status, Attributes(directory, name));
                break;
            case FileKind.CharacterDevice or FileKind.BlockDevice:
                var kind = status.Kind == FileKind.BlockDevice ? TarEntryKind.BlockDevice : TarEntryKind.CharacterDevice;
                Header(new TarEntry { Name = path, Kind = kind, DeviceMajor = status.DeviceMajor, DeviceMinor = status.DeviceMinor }, status, Attributes(directory, name));
                break;
            case FileKind.Fifo:
                Header(new TarEntry { Name = path, Kind = TarEntryKind.Fifo }, status, Attributes(directory, name));
                break;
        }
    }

    private void WriteDirectory(SafeFileHandle parent, byte[] name, byte[] path, FileStatus status, CancellationToken ct)
    {
        SafeFileHandle directory;
        try
        {
            directory = TreeFiles.OpenSubdirectory(parent, name);
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
        {
            return; // removed or replaced since it was listed
        }

        using (directory)
        {
            Header(new TarEntry { Name = [.. path, (byte)'/'], Kind = TarEntryKind.Directory }, status, Attributes(directory, []));
            if (AsLayer && IsOpaque(directory))
            {
                Marker(path, ".wh..wh..opq"u8);
            }

            var isOtherFileSystem = TreeFiles.TryStatus(parent, [])?.FileSystem != status.FileSystem;
            if (!isOtherFileSystem || IsEmptied?.Invoke(directory) != true)
            {
                AddContent(directory, path, ct);
            }
        }
    }

    private void WriteFile(SafeFileHandle directory, byte[] name, byte[] path, CancellationToken ct)
    {
        SafeFileHandle file;
        try
        {
            file = TreeFiles.OpenFile(directory, name);
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.ENOENT or Errno.ELOOP or Errno.ENXIO)
        {
            return; // removed or replaced since it was listed
        }

        using (file)
        {
            // Of what was opened, not of what was listed: it may be another file by now.
            if (TreeFiles.TryStatus(file, []) is not { Kind: FileKind.Regular } status)
            {
                return;
            }

            Header(new TarEntry { Name = path, Kind = TarEntryKind.File, Size = status.Size }, status, Attributes(directory, name));
            WriteContent(file, status.Size, ct);
        }
    }

    /// <summary>As many bytes as the header says, whatever happens to the file meanwhile.</summary>
    private void WriteContent(SafeFileHandle file, long size, CancellationToken ct)
    {
        var done = 0L;
        while (done < size)
        {
            ct.ThrowIfCancellationRequested();
            var piece = _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, size - done));
            var read = RandomAccess.Read(file, piece, done);
            if (read == 0)
            {
                piece.Clear(); // it was cut short: zeros, as in a hole
                read = piece.Length;
            }

            output.Write(piece[..read]);
            done += read;
        }

        output.Write(new byte[TarHeader.Padding(size)]);
        ContentBytes += size;
    }

    private void Marker(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name)
        => Header(new TarEntry { Name = Join(directory, name), Kind = TarEntryKind.File, Permissions = 0x180 }, default, []);

    private void Header(TarEntry shape, FileStatus status, IReadOnlyList<(byte[] Name, byte[] Value)> attributes)
    {
        Members++;
        output.Write(TarHeader.Encode(new TarEntry
        {
            Name = shape.Name,
            Kind = shape.Kind,
            Size = shape.Size,
            LinkTarget = shape.LinkTarget,
            DeviceMajor = shape.DeviceMajor,
            DeviceMinor = shape.DeviceMinor,
            Permissions = shape.Permissions | status.Permissions,
            Uid = status.Uid,
            Gid = status.Gid,
            Modified = status.Modified,
            Attributes = attributes,
        }));
    }

    private IReadOnlyList<(byte[] Name, byte[] Value)> Attributes(SafeFileHandle directory, byte[] name)
    {
        try
        {
            return [.. TreeFiles.ReadAttributes(directory, name).Where(attribute => TakesAttribute(attribute.Name))];
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.ENOENT or Errno.EOPNOTSUPP)
        {
            return [];
        }
    }

    private static bool IsOpaque(SafeFileHandle directory)
        => TreeFiles.ReadAttributes(directory, []).Any(attribute => attribute.Name.AsSpan().SequenceEqual("trusted.overlay.opaque"u8));

    private static byte[] Join(ReadOnlySpan<byte> directory, ReadOnlySpan<byte> name) => directory.IsEmpty ? name.ToArray() : [.. directory, (byte)'/', .. name];

    private sealed class BytesOrder : IComparer<byte[]>
    {
        public static BytesOrder Instance { get; } = new();

        public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
    }
}
