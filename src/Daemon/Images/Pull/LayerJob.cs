using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Pull;

/// <summary>Brings one layer into the store: its blob is downloaded and unpacked at once, and finished when the layer below is there.</summary>
internal sealed class LayerJob(LayerPlan plan, ContentStore content, BlobDownloads downloads, LayerUnpacker unpacker, ImageStore store, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(100);
    private readonly CancellationTokenSource _cancel = new();
    private readonly Lock _observing = new();
    private readonly List<Action<LayerProgress>> _observers = [];
    private LayerProgress _last = new(LayerPhase.Waiting);
    private long _lastReport;

    /// <summary>How many pulls need it; <see cref="LayerJobs"/> counts.</summary>
    public int Users { get; set; }

    public Task Completion { get; private set; } = Task.CompletedTask;

    public void Start(Task before, Task parent, SemaphoreSlim unpackers, Action whenDone)
    {
        Completion = Task.Run(async () =>
        {
            try
            {
                await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await RunAsync(parent, unpackers, _cancel.Token);
            }
            finally
            {
                whenDone();
            }
        });

        // Pulls await it through their leases; the last one may have gone before it ends.
        _ = Completion.ContinueWith(static done => done.Exception, TaskContinuationOptions.OnlyOnFaulted);
    }

    public bool IsCancelled => _cancel.IsCancellationRequested;

    public void Cancel() => _cancel.Cancel();

    /// <summary>Tells of every step from now on, and where things stand.</summary>
    public void Observe(Action<LayerProgress> observer)
    {
        lock (_observing)
        {
            _observers.Add(observer);
            observer(_last);
        }
    }

    public void Ignore(Action<LayerProgress> observer)
    {
        lock (_observing)
        {
            _observers.Remove(observer);
        }
    }

    private async Task RunAsync(Task parent, SemaphoreSlim unpackers, CancellationToken ct)
    {
        if (store.LayerExists(plan.ChainId))
        {
            // Another image has the same files in another packing: only the blob is missing.
            await FetchBlobAsync(ct);
            Report(new LayerProgress(LayerPhase.Complete), always: true);
            return;
        }

        var incoming = await FetchAsync(unpackers, ct);
        try
        {
            if (incoming.DiffId != plan.DiffId)
            {
                throw ImageErrors.DigestMismatch($"layer {plan.Blob}", plan.DiffId.ToString(), incoming.DiffId.ToString());
            }

            await parent.WaitAsync(ct);
        }
        catch
        {
            unpacker.Abandon(incoming);
            throw;
        }

        unpacker.Complete(incoming, plan.ChainId, plan.Below);
        if (incoming.Layer.AttributesLeftOut > 0)
        {
            log.AttributesLeftOut(plan.ChainId, incoming.Layer.AttributesLeftOut);
        }

        Report(new LayerProgress(LayerPhase.Complete), always: true);
    }

    private async Task FetchBlobAsync(CancellationToken ct)
    {
        if (HasBlob())
        {
            return;
        }

        using var lease = downloads.Join(plan.Blob, plan.Size, plan.Open);
        await lease.Download.Completion.WaitAsync(ct);
    }

    private async Task<IncomingLayer> FetchAsync(SemaphoreSlim unpackers, CancellationToken ct)
    {
        if (HasBlob())
        {
            Report(new LayerProgress(LayerPhase.Downloaded, plan.Size, plan.Size), always: true);
            return await UnpackAsync(unpackers, () => content.OpenRead(plan.Blob), ct);
        }

        while (true)
        {
            using var lease = downloads.Join(plan.Blob, plan.Size, plan.Open);
            try
            {
                return await FetchAsync(lease.Download, unpackers, ct);
            }
            catch (EngineException) when (lease.Download is { Resumed: true, Completion.IsFaulted: true } && !File.Exists(content.PartialPath(plan.Blob)))
            {
                // The part kept from before was damaged and is gone: once more from the beginning, which is not Resumed.
            }
        }
    }

    private async Task<IncomingLayer> FetchAsync(BlobDownload download, SemaphoreSlim unpackers, CancellationToken ct)
    {
        void OnProgress(long received) => Report(new LayerProgress(LayerPhase.Downloading, received, plan.Size));
        download.Progressed += OnProgress;
        try
        {
            var file = await download.Started.WaitAsync(ct);
            var unpacking = UnpackAsync(unpackers, () => file.OpenRead(ct), ct);
            try
            {
                await download.Completion.WaitAsync(ct);
            }
            catch
            {
                // The unpacker ends with the file's failure, or by the token; what it made is not kept.
                await AbandonAsync(unpacking);
                throw;
            }

            Report(new LayerProgress(LayerPhase.Verifying), always: true);
            Report(new LayerProgress(LayerPhase.Downloaded, plan.Size, plan.Size), always: true);
            return await unpacking;
        }
        finally
        {
            download.Progressed -= OnProgress;
        }
    }

    private async Task<IncomingLayer> UnpackAsync(SemaphoreSlim unpackers, Func<Stream> open, CancellationToken ct)
    {
        await unpackers.WaitAsync(ct);
        try
        {
            var packed = new CountingStream(open(), read => Report(new LayerProgress(LayerPhase.Extracting, read, plan.Size)));
            return await unpacker.UnpackAsync(packed, plan.Size, copy: null, ct);
        }
        finally
        {
            unpackers.Release();
        }
    }

    private async Task AbandonAsync(Task<IncomingLayer> unpacking)
    {
        try
        {
            unpacker.Abandon(await unpacking);
        }
        catch (Exception error) when (error is EngineException or IOException or OperationCanceledException)
        {
            // The same failure as the download's, seen from the other side.
        }
    }

    /// <summary>A blob that an image refers to is right; another may be what a loss of power left, so it is looked at.</summary>
    private bool HasBlob()
    {
        if (!content.Has(plan.Blob))
        {
            return false;
        }

        if (store.IsReferenced(plan.Blob) || content.Verify(plan.Blob))
        {
            return true;
        }

        content.Delete(plan.Blob);
        return false;
    }

    private void Report(LayerProgress progress, bool always = false)
    {
        lock (_observing)
        {
            // While bytes still come, the unpacker's place says nothing to the user.
            if ((progress.Phase == LayerPhase.Extracting && _last.Phase < LayerPhase.Downloaded) || progress.Phase < _last.Phase)
            {
                return;
            }

            if (!always && progress.Phase == _last.Phase && clock.GetElapsedTime(_lastReport) < ReportEvery)
            {
                return;
            }

            (_last, _lastReport) = (progress, clock.GetTimestamp());
            foreach (var observer in _observers)
            {
                observer(progress);
            }
        }
    }

    private sealed class CountingStream(Stream source, Action<long> onRead) : ReadOnlyStream
    {
        private long _read;

        public override int Read(Span<byte> buffer)
        {
            var read = source.Read(buffer);
            _read += read;
            onRead(_read);
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                source.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
