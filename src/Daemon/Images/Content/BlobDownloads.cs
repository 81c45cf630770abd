using Berth.Daemon.Hosting;
using Berth.Daemon.Images.Registry;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Content;

/// <summary>Downloads of blobs: one per blob however many want it, so many at a time as the options say; ended when nobody wants it any more.</summary>
internal sealed class BlobDownloads(ContentStore content, InForce<ImagesOptions> options, TimeProvider clock, ILogger<BlobDownloads> log) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(options.Value.ConcurrentDownloads);
    private int _size = options.Value.ConcurrentDownloads;
    private readonly Dictionary<Digest, BlobDownload> _running = [];
    private readonly Lock _joining = new();

    /// <summary>Joins the download of a blob, or starts it.</summary>
    /// <param name="open">Opens the blob from an offset on.</param>
    public Lease Join(Digest digest, long size, Func<long, CancellationToken, Task<RegistryBlob>> open)
    {
        lock (_joining)
        {
            var found = _running.TryGetValue(digest, out var download);
            if (!found || download!.IsCancelled) // found: it is there
            {
                // One that was given up still holds the file for a moment.
                var before = download?.Completion ?? Task.CompletedTask;
                download = new BlobDownload(content, digest, size, open, options.Value.DownloadAttempts, clock, log);
                _running[digest] = download;
                download.Start(_slots, before, whenDone: () => Forget(digest, download));
            }

            download.Users++;
            return new Lease(this, download);
        }
    }

    /// <summary>Lets more or fewer download at once; those that are under way go on.</summary>
    public void Resize(int size)
    {
        lock (_joining)
        {
            if (size > _size)
            {
                _slots.Release(size - _size);
            }

            for (var tooMany = _size - size; tooMany > 0; tooMany--)
            {
                _ = _slots.WaitAsync(); // taken, now or when one is free, and never given back
            }

            _size = size;
        }
    }

    public void Dispose() => _slots.Dispose();

    private void Forget(Digest digest, BlobDownload download)
    {
        lock (_joining)
        {
            if (_running.TryGetValue(digest, out var running) && running == download)
            {
                _running.Remove(digest);
            }
        }
    }

    private void Leave(BlobDownload download)
    {
        lock (_joining)
        {
            if (--download.Users > 0)
            {
                return;
            }

            // A later client starts anew, from the part that is on disk.
            download.End();
        }
    }

    /// <summary>One client's interest in a download.</summary>
    internal sealed class Lease(BlobDownloads downloads, BlobDownload download) : IDisposable
    {
        private int _left;

        public BlobDownload Download => download;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                downloads.Leave(download);
            }
        }
    }
}
