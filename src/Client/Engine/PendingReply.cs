using Berth.Client.Engine.Http;

namespace Berth.Client.Engine;

/// <summary>A request that is out, and whose reply has not been read.</summary>
internal sealed class PendingReply(EngineClient engine, HttpConnection connection, string method, string target, string apiVersion)
{
    /// <summary>The version the request was sent in.</summary>
    public string ApiVersion => apiVersion;

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

    /// <summary>Waits for the reply's head. Only for requests without a body: one that a daemon finds too new is sent once more.</summary>
    /// <exception cref="EngineReplyException">The daemon refused.</exception>
    public Reply CompleteAccepted()
    {
        var reply = Complete();
        if (!engine.IsRefusedForVersion(reply, apiVersion))
        {
            return EngineClient.Accept(reply);
        }

        reply.Dispose();
        return engine.Send(method, target);
    }

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
