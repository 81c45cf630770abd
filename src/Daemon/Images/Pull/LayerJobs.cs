using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Snapshots;

namespace Berth.Daemon.Images.Pull;

/// <summary>Layers being fetched and unpacked: one job per layer however many pulls need it.</summary>
internal sealed class LayerJobs(
    ContentStore content, BlobDownloads downloads, LayerUnpacker unpacker, ImageStore store, ImagesOptions options, TimeProvider clock, ILogger<LayerJobs> log) : IDisposable
{
    // At least as many as downloads, else a download could wait for an unpacker that waits for another download's bytes.
    private readonly SemaphoreSlim _unpackers = new(Math.Max(options.ConcurrentDownloads, Environment.ProcessorCount));
    private readonly Dictionary<string, LayerJob> _running = new(StringComparer.Ordinal);
    private readonly Lock _joining = new();

    /// <summary>Joins the job for a layer, or starts it.</summary>
    /// <param name="parent">The job of the layer below, if that is under way too.</param>
    public Lease Join(LayerPlan plan, Task parent, Action<LayerProgress> observer)
    {
        lock (_joining)
        {
            var found = _running.TryGetValue(plan.ChainId, out var job);
            if (!found || job!.IsCancelled) // found: it is there
            {
                var before = job?.Completion ?? Task.CompletedTask;
                job = new LayerJob(plan, content, downloads, unpacker, store, clock, log);
                _running[plan.ChainId] = job;
                job.Start(before, parent, _unpackers, whenDone: () => Forget(plan.ChainId, job));
            }

            job.Users++;
            job.Observe(observer);
            return new Lease(this, job, observer);
        }
    }

    public void Dispose() => _unpackers.Dispose();

    private void Forget(string chainId, LayerJob job)
    {
        lock (_joining)
        {
            if (_running.TryGetValue(chainId, out var running) && running == job)
            {
                _running.Remove(chainId);
            }
        }
    }

    private void Leave(LayerJob job, Action<LayerProgress> observer)
    {
        lock (_joining)
        {
            job.Ignore(observer);
            if (--job.Users == 0)
            {
                job.Cancel();
            }
        }
    }

    internal sealed class Lease(LayerJobs jobs, LayerJob job, Action<LayerProgress> observer) : IDisposable
    {
        private int _left;

        public Task Completion => job.Completion;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                jobs.Leave(job, observer);
            }
        }
    }
}
