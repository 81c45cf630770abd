using System.Security.Cryptography;
using Berth.Daemon.Images.Content;
using Berth.Shared.Archives;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Snapshots;

/// <summary>Unpacks archives into layer directories under a temporary name; each on a thread of its own, since it blocks on the disk and on the download.</summary>
internal sealed class LayerUnpacker(SnapshotService snapshots, ImageStore store, ContentHolds holds, TimeProvider clock)
{
    private const long EntryLimit = 4_000_000;

    // What a bomb may cost: the ratio lets real layers through (text packs 20-fold, empty disks more), and only counts from where it starts to hurt.
    private const long RatioCountsFrom = 4L << 30;
    private const long RatioLimit = 250;

    /// <summary>Unpacks a packed archive.</summary>
    /// <param name="packed">The blob, as it comes; disposed of.</param>
    /// <param name="packedSize">Bytes of the blob, for the limit of expansion; null when unknown.</param>
    /// <param name="copy">Gets the unpacked archive's bytes too, on another thread; for archives that are kept otherwise than they came.</param>
    /// <exception cref="EngineException">InvalidArgument: not an archive that can be unpacked; the layer's directory is gone again. Internal: no space.</exception>
    public Task<IncomingLayer> UnpackAsync(Stream packed, long? packedSize, Action<ReadOnlyMemory<byte>>? copy, CancellationToken ct)
    {
        var result = new TaskCompletionSource<IncomingLayer>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                result.SetResult(Unpack(packed, packedSize, copy, ct));
            }
            catch (OperationCanceledException error)
            {
                result.SetCanceled(error.CancellationToken);
            }
            catch (Exception error) // carried to the awaiting request
            {
                result.SetException(error);
            }
        }, maxStackSize: 512 * 1024)
        { IsBackground = true, Name = "unpack" };
        thread.Start();
        return result.Task;
    }

    private IncomingLayer Unpack(Stream packed, long? packedSize, Action<ReadOnlyMemory<byte>>? copy, CancellationToken ct)
    {
        TreeFiles.ClearUmaskOfThisThread();
        var directory = Path.Combine(snapshots.Incoming, Guid.NewGuid().ToString("N"));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        try
        {
            Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using var outer = TreeFiles.OpenDirectory(directory);
            TreeFiles.TryMakeDirectory(outer, "diff"u8, 0x1ED); // 0755, unless the archive says otherwise
            using var root = TreeFiles.OpenSubdirectory(outer, "diff"u8);
            using var extractor = new LayerExtractor(root, EntryLimit);
            UnpackedLayer layer;
            using (packed)
            {
                var (unpacked, kind) = Compression.Open(packed);
                var total = 0L;
                using (unpacked)
                using (var ahead = new ReadAheadStream(unpacked, "unpack-ahead", piece =>
                {
                    total += piece.Length;
                    if (packedSize is { } size && total > RatioCountsFrom && total / RatioLimit > size)
                    {
                        throw new TarFormatException($"the archive expands more than {RatioLimit}-fold: refused");
                    }

                    hash.AppendData(piece.Span);
                    copy?.Invoke(piece);
                }))
                {
                    layer = extractor.Extract(new LayerTarReader(ahead), ct);
                    ahead.Drain(); // the digest is of the whole stream, its padding too
                }

                return new IncomingLayer(directory, Digest.FromHash(hash.GetHashAndReset()), layer, kind);
            }
        }
        catch (Exception error)
        {
            Remove(directory, error);
            ct.ThrowIfCancellationRequested();
            if (Translate(error) is { } translated)
            {
                throw translated;
            }

            throw;
        }
    }

    /// <summary>The second step, see <see cref="LayerCompletion"/>; then the layer gets its name and its record. If another did the same meanwhile, theirs stays.</summary>
    /// <param name="below">Chain ids of the layers under it, top first; all are there.</param>
    /// <exception cref="EngineException">InvalidArgument: a hard link leads nowhere. The incoming directory is gone.</exception>
    public void Complete(IncomingLayer incoming, string chainId, IReadOnlyList<string> below)
    {
        try
        {
            using (var root = TreeFiles.OpenDirectory(Path.Combine(incoming.Directory, "diff")))
            using (var lower = new LowerLayers(below.Select(snapshots.DiffDirectory)))
            {
                new LayerCompletion(root, incoming.Layer, lower).Complete();
            }

            lock (holds.Gate)
            {
                if (!store.LayerExists(chainId))
                {
                    // A directory that no record knows is a rest, and may be torn.
                    snapshots.Discard(chainId);
                    Directory.Move(incoming.Directory, snapshots.LayerDirectory(chainId));
                    store.AddLayer(chainId, incoming.DiffId.ToString(), below.Count == 0 ? null : below[0], incoming.Layer.SizeBytes, clock.GetUtcNow());
                    return;
                }
            }

            Abandon(incoming);
        }
        catch (Exception error)
        {
            Remove(incoming.Directory, error);
            if (Translate(error) is { } translated)
            {
                throw translated;
            }

            throw;
        }
    }

    public void Abandon(IncomingLayer incoming) => snapshots.RemoveIncoming(incoming.Directory);

    private void Remove(string directory, Exception because)
    {
        try
        {
            snapshots.RemoveIncoming(directory);
        }
        catch (IOException cleanup)
        {
            throw new AggregateException(because, cleanup); // the next start of the daemon empties the place
        }
    }

    private static EngineException? Translate(Exception error) => error switch
    {
        EngineException engine => engine,
        TarFormatException or InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException => Invalid(error),
        ErrnoException { Errno: Errno.ENOSPC or Errno.EDQUOT } => new EngineException(ErrorKind.Internal, "no space left on the disk that holds the image store: nothing was kept", error),
        IOException { InnerException: { } inner } => Translate(inner),
        _ => null,
    };

    private static EngineException Invalid(Exception error) => new(ErrorKind.InvalidArgument, $"the layer can't be unpacked: {error.Message}", error);
}

/// <summary>A layer's directory before it has its final name.</summary>
/// <param name="DiffId">Digest of the unpacked archive, as it was.</param>
internal sealed record IncomingLayer(string Directory, Digest DiffId, UnpackedLayer Layer, CompressionKind Compression);
