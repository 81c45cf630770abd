using System.IO.Pipelines;

namespace Berth.Daemon.Hosting;

/// <summary>The writer that the HTTP server has of a connection: the transport's own until a hijack, and from then on one that leads nowhere, since the server ends every response.</summary>
internal sealed class HttpSideWriter(PipeWriter inner) : PipeWriter
{
    private byte[]? scratch;

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => scratch is null ? inner.UnflushedBytes : 0;

    /// <summary>The connection was hijacked.</summary>
    public void End() => scratch = new byte[4096];

    public override void Advance(int bytes)
    {
        if (scratch is null)
        {
            inner.Advance(bytes);
        }
    }

    public override void CancelPendingFlush()
    {
        if (scratch is null)
        {
            inner.CancelPendingFlush();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        if (scratch is null)
        {
            inner.Complete(exception);
        }
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        => scratch is null ? inner.FlushAsync(cancellationToken) : new(new FlushResult(isCanceled: false, isCompleted: false));

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (scratch is null)
        {
            return inner.GetMemory(sizeHint);
        }

        if (scratch.Length < sizeHint)
        {
            scratch = new byte[sizeHint];
        }

        return scratch;
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => scratch is null ? inner.GetSpan(sizeHint) : GetMemory(sizeHint).Span;
}
