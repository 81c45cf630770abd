using System.Net;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks.Names;

/// <summary>One container's name server: a UDP socket and a listening TCP socket in its namespace. For the loop's thread.</summary>
internal sealed class NameClient
{
    private const int MostConnections = 64;
    private const int MostForwarded = 256;
    private const int MostDatagramsAtOnce = 32;

    /// <summary>Larger questions don't exist; RFC 9715 would have them below a packet's size.</summary>
    public const int LargestQuery = 4096;

    private readonly NameServer _server;
    private readonly Datagrams _datagrams;
    private readonly Listener _listener;
    private readonly HashSet<NameConnection> _connections = [];
    private readonly HashSet<ForwardedQuery> _forwarded = [];

    public NameClient(NameServer server, NameScope scope, SafeFileHandle udp, SafeFileHandle tcp)
    {
        (_server, Scope) = (server, scope);
        (_datagrams, _listener) = (new Datagrams(this, udp), new Listener(this, tcp));
        server.Loop.Watch(_datagrams, EpollEvents.In);
        server.Loop.Watch(_listener, EpollEvents.In);
    }

    public NameScope Scope { get; set; }

    /// <summary>The namespace that the container is in.</summary>
    public SafeFileHandle OpenNamespace() => InetSockets.OpenNamespaceOf(_datagrams.Handle);

    public void Close()
    {
        foreach (var connection in _connections.ToArray())
        {
            connection.Close();
        }

        foreach (var query in _forwarded.ToArray())
        {
            query.Drop();
        }

        _server.Loop.Close(_datagrams);
        _server.Loop.Close(_listener);
    }

    /// <summary>Asks another server for the client.</summary>
    /// <returns>False when too many questions are open already.</returns>
    public bool Forward(ReadOnlySpan<byte> message, IPv4Peer peer, NameConnection? connection)
    {
        if (_forwarded.Count >= MostForwarded || !_server.MayForward)
        {
            return false;
        }

        var query = new ForwardedQuery(_server, this, message, peer, connection);
        _forwarded.Add(query);
        _server.Forwarded++;
        query.Begin();
        return true;
    }

    public void Forget(ForwardedQuery query)
    {
        if (_forwarded.Remove(query))
        {
            _server.Forwarded--;
        }
    }

    public void Forget(NameConnection connection) => _connections.Remove(connection);

    /// <summary>A datagram that can't be sent is lost, as datagrams are.</summary>
    public void Send(ReadOnlySpan<byte> reply, IPv4Peer peer) => _ = InetSockets.Send(_datagrams.Handle, reply, peer);

    private void ReceiveDatagrams()
    {
        for (var i = 0; i < MostDatagramsAtOnce; i++)
        {
            var count = InetSockets.Receive(_datagrams.Handle, _server.Loop.Received, out var peer);
            if (count == NonBlocking.WouldBlock)
            {
                return;
            }

            if (count is > 0 and <= LargestQuery)
            {
                Answer(_server.Loop.Received.AsSpan(0, count), peer);
            }
        }
    }

    private void Answer(ReadOnlySpan<byte> message, IPv4Peer peer)
    {
        var reply = _server.Loop.Reply;
        switch (_server.Answers.Judge(Scope, message, limit: null, reply, out var length))
        {
            case NameVerdict.Reply:
                Send(reply.AsSpan(0, length), peer);
                break;
            case NameVerdict.Forward when !Forward(message, peer, connection: null):
                length = NameAnswers.Fail(message, DnsCode.ServerFailure, reply);
                Send(reply.AsSpan(0, length), peer);
                break;
        }
    }

    private void AcceptConnections()
    {
        try
        {
            while (InetSockets.Accept(_listener.Handle) is { } accepted)
            {
                if (_connections.Count >= MostConnections)
                {
                    accepted.Dispose(); // the idle ones are closed soon
                    continue;
                }

                _connections.Add(new NameConnection(_server, this, accepted));
            }
        }
        catch (ErrnoException)
        {
            // Out of descriptors or memory: those who wait are accepted later, and the loop does not turn idly meanwhile.
            _server.Loop.Expect(_listener, EpollEvents.None);
            _server.Loop.SetDeadline(_listener, TimeSpan.FromSeconds(1));
        }
    }

    private sealed class Datagrams(NameClient client, SafeFileHandle handle) : LoopSocket(handle)
    {
        public override void OnReady(EpollEvents events)
        {
            if ((events & EpollEvents.Error) != 0)
            {
                _ = InetSockets.PendingError(Handle); // takes it away; a client that has gone is no matter
            }

            client.ReceiveDatagrams();
        }

        public override void OnTimeout()
        {
        }

        public override void OnFailure()
        {
        }
    }

    private sealed class Listener(NameClient client, SafeFileHandle handle) : LoopSocket(handle)
    {
        public override void OnReady(EpollEvents events) => client.AcceptConnections();

        public override void OnTimeout() => client._server.Loop.Expect(this, EpollEvents.In);

        public override void OnFailure()
        {
        }
    }
}
