using System.Security.Cryptography;
using Berth.Daemon.Images.Registry;
using Berth.Shared.Errors;
using Berth.Shared.References;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Images.Content;

/// <summary>
/// One blob on its way: appended to a file that outlives a cut connection and the daemon, hashed as it comes, readable meanwhile. A cut is mended by asking
/// for the rest; only attempts in a row that bring nothing at all count against the limit.
/// </summary>
internal sealed class BlobDownload(
    ContentStore content, Digest digest, long size, Func<long, CancellationToken, Task<RegistryBlob>> open, int attempts, TimeProvider clock, ILogger log)
{
    private static readonly TimeSpan StallTimeout = TimeSpan.FromSeconds(45);
    private readonly CancellationTokenSource _cancel = new();
    private readonly TaskCompletionSource<GrowingFile> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SafeFileHandle? _handle;

    public long Size => size;

    /// <summary>How many clients want it; the registry of downloads counts.</summary>
    public int Users { get; set; }

    /// <summary>The file, once the download has its turn.</summary>
    public Task<GrowingFile> Started => _started.Task;

    /// <summary>Done when the blob is in the store, its digest found right.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    /// <summary>Part of it came from an earlier attempt: if the digest is wrong, that part may be to blame.</summary>
    public bool Resumed { get; private set; }

    /// <summary>Bytes so far.</summary>
    public event Action<long>? Progressed;

    public void Start(SemaphoreSlim slots, Task before, Action whenDone)
    {
        Completion = Task.Run(async () =>
        {
            try
            {
                await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await slots.WaitAsync(_cancel.Token);
                try
                {
                    await RunAsync(_cancel.Token);
                }
                finally
                {
                    slots.Release();
                }
            }
            catch (Exception error)
            {
                _started.TrySetException(error); // whoever waits for the beginning learns that there is none
                throw;
            }
            finally
            {
                whenDone();
            }
        });

        // Clients await it through their leases; the last one may have gone before it ends.
        _ = Completion.ContinueWith(static done => done.Exception, TaskContinuationOptions.OnlyOnFaulted);
        _ = _started.Task.ContinueWith(static done => done.Exception, TaskContinuationOptions.OnlyOnFaulted);
    }

    public bool IsCancelled => _cancel.IsCancellationRequested;

    /// <summary>Nobody wants it any more: it stops, if it still runs, and lets go of the file.</summary>
    public void End()
    {
        _cancel.Cancel();
        _ = Completion.ContinueWith(_ => _handle?.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task RunAsync(CancellationToken ct)
    {
        // Not disposed of here: readers begin when they have their turn, which may be after the last byte came.
        var handle = content.OpenPartial(digest);
        Volatile.Write(ref _handle, handle);
        using var hash = digest.StartHash();
        var length = RandomAccess.GetLength(handle);
        if (length > size)
        {
            RandomAccess.SetLength(handle, length = 0);
        }

        Resumed = length > 0;
        ContentStore.HashFile(handle, length, hash);
        var file = new GrowingFile(handle, length);
        _started.SetResult(file);
        try
        {
            await FetchAsync(file, hash, ct);
            Verify(hash);
            file.Complete(failure: null);
        }
        catch (Exception error)
        {
            file.Complete(error);
            throw;
        }

        content.Commit(content.PartialPath(digest), digest);
    }

    private async Task FetchAsync(GrowingFile file, IncrementalHash hash, CancellationToken ct)
    {
        var fruitless = 0;
        while (file.Length < size)
        {
            var before = file.Length;
            try
            {
                using var blob = await open(before, ct);
                await CopyAsync(blob, file, hash, ct);
                if (file.Length < size)
                {
                    throw new EndOfStreamException("the connection was closed early");
                }
            }
            catch (Exception error) when (error is IOException or HttpRequestException or TimeoutException)
            {
                fruitless = file.Length > before ? 0 : fruitless + 1;
                if (fruitless >= attempts)
                {
                    throw new EngineException(ErrorKind.Internal, $"the download of {digest} broke off {attempts} times without progress: {error.Message}", error);
                }

                log.DownloadResumed(digest, file.Length, size, error.Message);
                await Task.Delay(TimeSpan.FromMilliseconds(fruitless == 0 ? 20 : 250 << fruitless), clock, ct);
            }
        }
    }

    private async Task CopyAsync(RegistryBlob blob, GrowingFile file, IncrementalHash hash, CancellationToken ct)
    {
        if (blob.Start > file.Length)
        {
            throw new EngineException(ErrorKind.Internal, $"the registry sent {digest} from byte {blob.Start} on where {file.Length} was asked for");
        }

        var buffer = new byte[128 * 1024];
        var skip = file.Length - blob.Start; // what we have already, when the server can't start in the middle
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(ct);
        while (true)
        {
            stall.CancelAfter(StallTimeout);
            int read;
            try
            {
                read = await blob.Content.ReadAsync(buffer, stall.Token);
            }
            catch (OperationCanceledException) when (!ct.IsCancellationRequested)
            {
                throw new TimeoutException($"nothing came for {StallTimeout.TotalSeconds:0} s");
            }

            if (read == 0)
            {
                return;
            }

            var skipped = (int)Math.Min(skip, read);
            skip -= skipped;
            var piece = buffer.AsMemory(skipped, read - skipped);
            if (file.Length + piece.Length > size)
            {
                throw new EngineException(ErrorKind.Internal, $"the registry sent more of {digest} than the {size} bytes announced");
            }

            hash.AppendData(piece.Span);
            file.Append(piece.Span);
            Progressed?.Invoke(file.Length);
        }
    }

    private void Verify(IncrementalHash hash)
    {
        var actual = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (actual != digest.Hex)
        {
            File.Delete(content.PartialPath(digest));
            throw ImageErrors.DigestMismatch($"blob {digest}", digest.ToString(), $"{digest.Algorithm}:{actual}");
        }
    }
}
