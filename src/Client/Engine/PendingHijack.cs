namespace Berth.Client.Engine;

/// <summary>A request to leave HTTP that is out, and whose reply has not been read.</summary>
internal sealed class PendingHijack(EngineClient engine, PendingReply pending)
{
    /// <exception cref="EngineReplyException">The daemon refused.</exception>
    public HijackedStream Complete()
    {
        var head = pending.ReadHead();
        if (head.Status is 101 or 200)
        {
            return new HijackedStream(pending.Connection, head);
        }

        EngineClient.Accept(new Reply(engine, pending.Connection, head, "POST")).Dispose();
        throw new EngineReplyException(head.Status, $"the daemon did not open the stream (HTTP status {head.Status})");
    }
}
