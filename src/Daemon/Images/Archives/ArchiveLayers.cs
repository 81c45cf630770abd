using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Archives;

/// <summary>Brings layers that are files here into the store: those of loaded archives and imported trees.</summary>
internal sealed class ArchiveLayers(ContentStore content, LayerUnpacker unpacker, ImageStore store, ContentHolds holds)
{
    /// <summary>Unpacks one layer above others, unless the store has it, and keeps its blob.</summary>
    /// <param name="expected">The diff id that the config names; null to take what comes.</param>
    /// <param name="asItIs">Keep the blob as it came even when it is not packed, because a manifest names it by its digest.</param>
    /// <param name="below">Chain ids of the layers under it, top first.</param>
    /// <exception cref="Shared.Errors.EngineException">InvalidArgument, Internal: as <see cref="LayerUnpacker"/>; the layer is not what the config names.</exception>
    public async Task<ImageLayer> AddAsync(SpooledFile file, Digest? expected, bool asItIs, IReadOnlyList<string> below, HoldSet held, CancellationToken ct)
    {
        if (expected is { } diffId && FindPresent(diffId, asItIs ? file : null, below, held) is { } present)
        {
            return present;
        }

        using var packer = new LazyPacker(content);
        var packed = file.OpenRead();
        var isPacked = IsPacked(file);
        var incoming = await unpacker.UnpackAsync(packed, file.Size, isPacked || asItIs ? null : packer.Write, ct);
        if (expected is { } wanted && incoming.DiffId != wanted)
        {
            unpacker.Abandon(incoming);
            throw ImageErrors.DigestMismatch("a layer of the archive", wanted.ToString(), incoming.DiffId.ToString());
        }

        var chainId = ChainId(incoming.DiffId, below);
        held.Add(chainId);
        var (blob, size, mediaType) = Keep(file, incoming, asItIs, packer);
        held.Add(blob.ToString());
        unpacker.Complete(incoming, chainId, below);
        return new ImageLayer(chainId, incoming.DiffId.ToString(), incoming.Layer.SizeBytes, blob, mediaType, size);
    }

    private ImageLayer? FindPresent(Digest diffId, SpooledFile? named, IReadOnlyList<string> below, HoldSet held)
    {
        var chainId = ChainId(diffId, below);
        lock (holds.Gate)
        {
            held.Add(chainId);
            if (store.LayerSize(chainId) is not { } size)
            {
                return null;
            }

            if (named is not null)
            {
                held.Add(named.Digest.ToString());
                named.Keep(content);
                return new ImageLayer(chainId, diffId.ToString(), size, named.Digest, MediaTypes.OciLayer, named.Size);
            }

            if (store.FindLayerBlob(diffId.ToString()) is not { } known || !content.Has(known.Blob))
            {
                return null;
            }

            held.Add(known.Blob.ToString());
            return new ImageLayer(chainId, diffId.ToString(), size, known.Blob, known.MediaType, known.SizeBytes);
        }
    }

    private (Digest Blob, long Size, string MediaType) Keep(SpooledFile file, IncomingLayer incoming, bool asItIs, LazyPacker packer)
    {
        if (incoming.Compression == CompressionKind.None && !asItIs)
        {
            var (digest, size) = packer.Keep();
            return (digest, size, MediaTypes.DockerLayerGzip);
        }

        file.Keep(content);
        return (file.Digest, file.Size, incoming.Compression switch
        {
            CompressionKind.Gzip => MediaTypes.DockerLayerGzip,
            CompressionKind.Zstd => MediaTypes.OciLayerZstd,
            _ => MediaTypes.OciLayer,
        });
    }

    private static string ChainId(Digest diffId, IReadOnlyList<string> below) => below.Count == 0
        ? diffId.ToString()
        : Digest.OfSha256(System.Text.Encoding.ASCII.GetBytes($"{below[0]} {diffId}")).ToString();

    private static bool IsPacked(SpooledFile file)
    {
        using var stream = file.OpenRead();
        var (unpacked, kind) = Compression.Open(stream);
        unpacked.Dispose();
        return kind != CompressionKind.None;
    }

    /// <summary>Makes the packed copy only if there is something to pack.</summary>
    private sealed class LazyPacker(ContentStore content) : IDisposable
    {
        private GzipBlobWriter? _writer;

        public void Write(ReadOnlyMemory<byte> piece) => (_writer ??= new GzipBlobWriter(content)).Write(piece);

        public (Digest Digest, long Size) Keep() => (_writer ??= new GzipBlobWriter(content)).Keep(content);

        public void Dispose() => _writer?.Dispose();
    }
}
