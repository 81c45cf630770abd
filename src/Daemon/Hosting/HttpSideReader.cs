using System.Buffers;
using System.IO.Pipelines;

namespace Berth.Daemon.Hosting;

/// <summary>
/// The reader that the HTTP server has of a connection. It tells of the input's end only once the consumer has examined every byte before it. A request, its body, bytes of stdin and
/// the client's half-close may arrive in one packet; the server would take the early "completed" for a body cut short.
/// </summary>
/// <remarks>After <see cref="End"/> (a hijack) it reads as ended, whoever still holds it, and touches the connection's input no more.</remarks>
internal sealed class HttpSideReader(PipeReader inner) : PipeReader
{
    private ReadOnlySequence<byte> current;
    private long examined; // bytes at the start of what remains that the consumer has seen
    private volatile bool ended;

    public void End() => ended = true;

    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        => ended ? new ReadResult(default, isCanceled: false, isCompleted: true) : Show(await inner.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        if (ended)
        {
            result = new ReadResult(default, isCanceled: false, isCompleted: true);
            return true;
        }

        if (!inner.TryRead(out result))
        {
            return false;
        }

        result = Show(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        if (ended)
        {
            return;
        }

        var consumedLength = current.Slice(0, consumed).Length;
        this.examined = Math.Max(current.Slice(0, examined).Length, this.examined) - consumedLength;
        this.examined = Math.Max(this.examined, 0);
        current = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead()
    {
        if (!ended)
        {
            inner.CancelPendingRead();
        }
    }

    public override void Complete(Exception? exception = null)
    {
        // After a hijack the input belongs to the hijacker; the transport completes it.
        if (!ended)
        {
            inner.Complete(exception);
        }
    }

    private ReadResult Show(ReadResult result)
    {
        current = result.Buffer;
        var unseen = result.Buffer.Length > examined;
        return result.IsCompleted && unseen ? new ReadResult(result.Buffer, result.IsCanceled, isCompleted: false) : result;
    }
}
