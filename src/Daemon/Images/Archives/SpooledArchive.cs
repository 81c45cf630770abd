using System.Security.Cryptography;
using System.Text;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Archives;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Archives;

/// <summary>An image archive's members as files in the content store's own place, since an archive names what it holds in any order. Disposed of, they are gone.</summary>
internal sealed class SpooledArchive : IDisposable
{
    private const int MemberLimit = 100_000;
    private readonly Dictionary<string, SpooledFile> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _links = new(StringComparer.Ordinal);

    private SpooledArchive()
    {
    }

    /// <summary>Reads a whole archive, packed or not. Blocks.</summary>
    /// <exception cref="EngineException">InvalidArgument: not an archive. Internal: no space.</exception>
    public static SpooledArchive Read(Stream packed, ContentStore content, CancellationToken ct)
    {
        var archive = new SpooledArchive();
        try
        {
            var (unpacked, _) = Compression.Open(packed);
            using var ahead = new ReadAheadStream(unpacked, "load-ahead", static _ => { });
            archive.ReadMembers(new LayerTarReader(ahead), content, ct);
            return archive;
        }
        catch (Exception error)
        {
            archive.Dispose();
            ct.ThrowIfCancellationRequested();
            throw Translate(error) ?? error;
        }
    }

    /// <summary>The member of this name, links followed; null when there is none.</summary>
    public SpooledFile? Find(string name)
    {
        for (var hops = 0; hops < 16; hops++)
        {
            if (_files.TryGetValue(name, out var file))
            {
                return file;
            }

            if (!_links.TryGetValue(name, out var target))
            {
                return null;
            }

            name = target;
        }

        return null;
    }

    /// <summary>As <see cref="Find"/>.</summary>
    /// <exception cref="EngineException">InvalidArgument: there is none.</exception>
    public SpooledFile Get(string name) => Find(name) ?? throw ImageErrors.Malformed("the archive", $"it lacks {name}");

    /// <summary>The blob of an OCI layout.</summary>
    public SpooledFile? FindBlob(Digest digest) => Find($"blobs/{digest.Algorithm}/{digest.Hex}");

    public void Dispose()
    {
        foreach (var file in _files.Values)
        {
            file.Delete();
        }
    }

    internal static EngineException? Translate(Exception error) => error switch
    {
        EngineException engine => engine,
        TarFormatException or InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException
            => new EngineException(ErrorKind.InvalidArgument, $"the archive can't be read: {error.Message}", error),
        ErrnoException { Errno: Errno.ENOSPC or Errno.EDQUOT } => new EngineException(ErrorKind.Internal, "no space left on the disk that holds the image store: nothing was kept", error),
        IOException { InnerException: { } inner } => Translate(inner),
        _ => null,
    };

    private void ReadMembers(LayerTarReader reader, ContentStore content, CancellationToken ct)
    {
        while (reader.Next() is { } entry)
        {
            ct.ThrowIfCancellationRequested();
            var name = Encoding.UTF8.GetString(LayerPath.Clean(entry.Name));
            if (_files.Count + _links.Count >= MemberLimit)
            {
                throw new TarFormatException($"the archive has more than {MemberLimit} members");
            }

            switch (entry.Kind)
            {
                case TarEntryKind.File:
                    Replace(name, SpooledFile.Write(reader, content, ct));
                    break;
                case TarEntryKind.HardLink:
                    _links[name] = Encoding.UTF8.GetString(LayerPath.Clean(entry.LinkTarget));
                    break;
                case TarEntryKind.Symlink:
                    // Old archives share a layer between images by a link such as "../<id>/layer.tar".
                    var (parent, _) = LayerPath.Split(LayerPath.Clean(entry.Name));
                    _links[name] = Encoding.UTF8.GetString(LayerPath.Clean(LayerPath.Join(parent, entry.LinkTarget)));
                    break;
            }
        }
    }

    private void Replace(string name, SpooledFile file)
    {
        if (_files.Remove(name, out var earlier))
        {
            earlier.Delete();
        }

        _files.Add(name, file);
    }
}

/// <summary>One member, and the digest it turned out to have.</summary>
internal sealed class SpooledFile(string path, long size, Digest digest)
{
    private bool _taken;

    public long Size => size;

    public Digest Digest => digest;

    /// <summary>Writes the present member of an archive, or any stream's rest, to a file.</summary>
    public static SpooledFile Write(LayerTarReader reader, ContentStore content, CancellationToken ct)
        => Write(content, _ => reader.ReadContent(out var _), ct);

    public static SpooledFile Write(Stream source, ContentStore content, CancellationToken ct)
    {
        var buffer = new byte[1 << 17];
        return Write(content, _ => buffer.AsSpan(0, source.Read(buffer)), ct);
    }

    /// <summary>A file with what is written to the stream.</summary>
    public static SpooledFile Write(ContentStore content, Action<Stream> write)
    {
        var (path, handle) = content.CreateIncoming();
        try
        {
            using (handle)
            using (var output = new HashingWriter(handle))
            {
                var buffered = new BufferedStream(output, 1 << 17);
                write(buffered);
                buffered.Flush();
                return new SpooledFile(path, output.Written, Digest.FromHash(output.Hash.GetHashAndReset()));
            }
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    public FileStream OpenRead() => new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);

    /// <exception cref="EngineException">InvalidArgument: larger than the limit.</exception>
    public byte[] ReadSmall(string what, int limit) => size <= limit ? File.ReadAllBytes(path) : throw ImageErrors.TooLarge(what, limit);

    /// <summary>Makes it a blob of the store, unless that is there already.</summary>
    public void Keep(ContentStore content)
    {
        if (!_taken && !content.Has(digest))
        {
            content.Commit(path, digest);
            _taken = true;
        }
    }

    /// <summary>As a stream, whether it has become a blob meanwhile or not.</summary>
    public FileStream OpenRead(ContentStore content) => _taken ? content.OpenRead(digest) : OpenRead();

    public void Delete()
    {
        if (!_taken)
        {
            File.Delete(path);
        }
    }

    private static SpooledFile Write(ContentStore content, ReadPiece read, CancellationToken ct)
    {
        var (path, handle) = content.CreateIncoming();
        try
        {
            using (handle)
            using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
            {
                var size = 0L;
                while (read(size) is { IsEmpty: false } piece)
                {
                    ct.ThrowIfCancellationRequested();
                    TreeFiles.WriteAt(handle, piece, size);
                    hash.AppendData(piece);
                    size += piece.Length;
                }

                return new SpooledFile(path, size, Digest.FromHash(hash.GetHashAndReset()));
            }
        }
        catch
        {
            File.Delete(path);
            throw;
        }
    }

    private delegate ReadOnlySpan<byte> ReadPiece(long done);
}
