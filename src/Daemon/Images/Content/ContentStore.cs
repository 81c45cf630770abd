using System.Security.Cryptography;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.References;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Images.Content;

/// <summary>
/// Blobs by digest, exactly as received: content/blobs/&lt;algorithm&gt;/&lt;hex&gt;. A blob has its final name only once its digest was found right;
/// downloads grow in content/partial, where a later one, of this daemon or the next, goes on.
/// </summary>
internal sealed class ContentStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _blobs;
    private readonly string _partial;
    private readonly string _incoming;

    public ContentStore(ImagesOptions options)
    {
        var content = Path.Combine(options.DataRoot, "content");
        _blobs = Path.Combine(content, "blobs");
        _partial = Path.Combine(content, "partial");
        _incoming = Path.Combine(content, "incoming");
        foreach (var directory in new[] { content, _blobs, Path.Combine(_blobs, Digest.Sha256), Path.Combine(_blobs, Digest.Sha512), _partial, _incoming })
        {
            Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    public string BlobPath(Digest digest) => Path.Combine(_blobs, digest.Algorithm, digest.Hex);

    public string PartialPath(Digest digest) => Path.Combine(_partial, $"{digest.Algorithm}-{digest.Hex}");

    public bool Has(Digest digest) => File.Exists(BlobPath(digest));

    public long Size(Digest digest) => new FileInfo(BlobPath(digest)).Length;

    /// <exception cref="EngineException">Internal: the blob is not there.</exception>
    public FileStream OpenRead(Digest digest)
    {
        try
        {
            return new FileStream(BlobPath(digest), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        }
        catch (FileNotFoundException error)
        {
            throw new EngineException(ErrorKind.Internal, $"blob {digest} is missing from the content store", error);
        }
    }

    /// <summary>A whole small blob, checked against its digest.</summary>
    /// <exception cref="EngineException">Internal: missing or damaged. InvalidArgument: larger than the limit.</exception>
    public byte[] ReadSmall(Digest digest, int limit)
    {
        using var file = OpenRead(digest);
        if (file.Length > limit)
        {
            throw ImageErrors.TooLarge($"blob {digest}", limit);
        }

        var content = new byte[file.Length];
        file.ReadExactly(content);
        return digest.Matches(content) ? content : throw ImageErrors.DigestMismatch($"blob {digest}", digest.ToString(), Digest.OfSha256(content).ToString());
    }

    /// <summary>Keeps a small blob, such as a manifest; the caller has checked the digest, or computed it.</summary>
    public void Put(Digest digest, ReadOnlySpan<byte> content)
    {
        if (Has(digest))
        {
            return;
        }

        var (path, handle) = CreateIncoming();
        using (handle)
        {
            RandomAccess.Write(handle, content, 0);
            TreeFiles.Sync(handle);
        }

        Commit(path, digest);
    }

    /// <summary>A new file to fill, which <see cref="Commit"/> then names.</summary>
    public (string Path, SafeFileHandle Handle) CreateIncoming()
    {
        var path = Path.Combine(_incoming, Guid.NewGuid().ToString("N"));
        return (path, File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete));
    }

    /// <summary>Opens the unfinished download of a blob, or begins one.</summary>
    public SafeFileHandle OpenPartial(Digest digest)
        => File.OpenHandle(PartialPath(digest), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);

    /// <summary>Gives a file whose digest was found right its name. It is durable once its file system has been synced.</summary>
    public void Commit(string path, Digest digest)
    {
        File.SetUnixFileMode(path, OwnerOnly);
        File.Move(path, BlobPath(digest), overwrite: true);
    }

    public void Delete(Digest digest) => File.Delete(BlobPath(digest));

    /// <summary>Whether the bytes kept under this digest have it: for blobs that no record vouches for.</summary>
    public bool Verify(Digest digest)
    {
        using var file = OpenRead(digest);
        using var hash = digest.StartHash();
        HashFile(file.SafeFileHandle, file.Length, hash);
        return Convert.ToHexStringLower(hash.GetHashAndReset()) == digest.Hex;
    }

    public DateTimeOffset StoredAt(Digest digest) => File.GetLastWriteTimeUtc(BlobPath(digest));

    /// <summary>All blobs that are kept.</summary>
    public IEnumerable<Digest> Blobs()
    {
        foreach (var algorithm in Directory.EnumerateDirectories(_blobs).Select(Path.GetFileName))
        {
            foreach (var name in Directory.EnumerateFiles(Path.Combine(_blobs, algorithm!)).Select(Path.GetFileName)) // a directory's entry has a name
            {
                if (Digest.TryParse($"{algorithm}:{name}", out var digest))
                {
                    yield return digest;
                }
            }
        }
    }

    /// <summary>Removes what no download will go on with: half-written files of a daemon that is gone, and downloads that have not grown since.</summary>
    public void RemoveLeftovers(DateTimeOffset partialBefore)
    {
        foreach (var path in Directory.EnumerateFiles(_incoming))
        {
            File.Delete(path);
        }

        foreach (var path in Directory.EnumerateFiles(_partial).Where(path => File.GetLastWriteTimeUtc(path) < partialBefore.UtcDateTime))
        {
            File.Delete(path);
        }
    }

    /// <summary>Adds the first <paramref name="length"/> bytes of a file to a hash.</summary>
    internal static void HashFile(SafeFileHandle file, long length, IncrementalHash hash)
    {
        var buffer = new byte[1 << 18];
        for (var position = 0L; position < length;)
        {
            var read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - position)), position);
            if (read == 0)
            {
                throw new EndOfStreamException("a file became shorter while it was read");
            }

            hash.AppendData(buffer, 0, read);
            position += read;
        }
    }
}
