using System.IO.Pipelines;

namespace Berth.Daemon.Hosting;

/// <summary>Where the HTTP server writes once a connection was taken from it: nowhere.</summary>
internal sealed class DiscardingWriter : PipeWriter
{
    private byte[] scratch = new byte[4096];

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => 0;

    public override void Advance(int bytes)
    {
    }

    public override void CancelPendingFlush()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => new(new FlushResult(isCanceled: false, isCompleted: false));

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        if (scratch.Length < sizeHint)
        {
            scratch = new byte[sizeHint];
        }

        return scratch;
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
}
