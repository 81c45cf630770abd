using System.IO.Pipelines;

namespace Berth.Daemon.Hosting;

/// <summary>What the HTTP server reads from a connection that was taken from it: the end.</summary>
internal sealed class EndedReader : PipeReader
{
    private static readonly ReadResult End = new(default, isCanceled: false, isCompleted: true);

    public override void AdvanceTo(SequencePosition consumed)
    {
    }

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
    }

    public override void CancelPendingRead()
    {
    }

    public override void Complete(Exception? exception = null)
    {
    }

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => new(End);

    public override bool TryRead(out ReadResult result)
    {
        result = End;
        return true;
    }
}
