using System.Threading.Channels;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Snapshots;

namespace Berth.Daemon.Images;

/// <summary>
/// Brings disk and records together at the start of the daemon, and deletes in the background what requests have renamed away.
/// </summary>
internal sealed class ImageCollector(
    ImageStore store, ContentStore content, SnapshotService snapshots, ContentHolds holds, TimeProvider clock, ILogger<ImageCollector> log) : BackgroundService
{
    // What a pull that broke off has left may serve the next try: for a week as an unfinished download, for a day as a whole layer or blob.
    private static readonly TimeSpan KeepPartial = TimeSpan.FromDays(7);
    private static readonly TimeSpan KeepUnused = TimeSpan.FromDays(1);
    private readonly Channel<bool> _work = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        // Before the first request: afterwards these places belong to running work.
        snapshots.DiscardIncoming();
        content.RemoveLeftovers(clock.GetUtcNow() - KeepPartial);
        Collect(clock.GetUtcNow() - KeepUnused, unknownLayers: true);
        EmptyTrashSoon();
        return base.StartAsync(cancellationToken);
    }

    public void EmptyTrashSoon() => _work.Writer.TryWrite(true);

    /// <summary>Removes all layers and blobs that no image refers to and no work holds, whatever their age.</summary>
    /// <returns>The chain ids of the layers.</returns>
    public IReadOnlyList<string> CollectUnused()
    {
        var layers = Collect(clock.GetUtcNow() + TimeSpan.FromMinutes(1), unknownLayers: false);
        EmptyTrashSoon();
        return layers;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in _work.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                // On a thread of its own: deleting a layer is many thousands of calls.
                await Task.Factory.StartNew(snapshots.EmptyTrash, stoppingToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            }
            catch (IOException error)
            {
                log.TrashNotEmptied(error);
            }
        }
    }

    private IReadOnlyList<string> Collect(DateTimeOffset before, bool unknownLayers)
    {
        lock (holds.Gate)
        {
            var layers = store.RemoveUnusedLayers(before, holds.IsHeld);
            foreach (var chainId in layers)
            {
                snapshots.Discard(chainId);
            }

            if (unknownLayers)
            {
                // Unpacked, but the daemon died before it was recorded.
                var known = store.Layers().Select(layer => layer.ChainId).ToHashSet(StringComparer.Ordinal);
                foreach (var chainId in snapshots.LayersOnDisk().Where(chainId => !known.Contains(chainId)).ToList())
                {
                    snapshots.Discard(chainId);
                }
            }

            var referenced = store.ReferencedBlobs();
            var blobs = content.Blobs().Where(blob =>
                !referenced.Contains(blob.ToString()) && !holds.IsHeld(blob.ToString()) && content.StoredAt(blob) < before).ToList();
            blobs.ForEach(content.Delete);
            if (layers.Count + blobs.Count > 0)
            {
                log.Collected(layers.Count, blobs.Count);
            }

            return layers;
        }
    }
}
