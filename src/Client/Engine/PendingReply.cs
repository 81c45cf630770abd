using Berth.Client.Engine.Http;

namespace Berth.Client.Engine;

/// <summary>A request that is out, and whose reply has not been read.</summary>
internal sealed class PendingReply(EngineClient engine, HttpConnection connection, string method)
{
    public HttpConnection Connection => connection;

    /// <summary>Waits for the reply's head, whatever its status.</summary>
    public Reply Complete()
    {
        try
        {
            return new Reply(engine, connection, ReadHead(), method);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Waits for the reply's head.</summary>
    /// <exception cref="EngineReplyException">The daemon refused.</exception>
    public Reply CompleteAccepted() => EngineClient.Accept(Complete());

    internal HttpHead ReadHead()
    {
        try
        {
            return connection.ReadHead();
        }
        catch (EndOfStreamException closed) when (engine.Address.SocketPath is null && engine.Address.Tls is null)
        {
            throw new EngineUnreachableException(engine.Address.Text, "it closed the connection without a word: perhaps it wants TLS", closed);
        }
    }
}
