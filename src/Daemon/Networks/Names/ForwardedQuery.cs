using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks.Names;

/// <summary>
/// A question on its way to other servers, one after the other: by UDP if it came so, else by TCP. Each attempt has a
/// socket of its own, connected, with a port that the kernel draws and an id drawn here, so that an answer must come from
/// the one who was asked and a guess must hit both; and it must repeat the question.
/// </summary>
internal sealed class ForwardedQuery : LoopSocket
{
    private const int LengthPrefix = 2;
    private const int MostServers = 3; // as in resolv.conf(5)
    private const ushort Port = 53;

    // Two servers that are silent, and a third that answers, within the five seconds that clients wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly SafeFileHandle NoSocket = new();

    private readonly NameServer _server;
    private readonly NameClient _client;
    private readonly NameConnection? _connection;
    private readonly IPv4Peer _peer;
    private readonly ushort _clientId;
    private readonly int _questionLength;
    private readonly int _replyLimit;
    private readonly byte[] _message; // with its length before it, as TCP wants it
    private readonly IReadOnlyList<IPAddress> _servers;
    private readonly bool _fromContainer;
    private readonly int _first;
    private int _attempt = -1;
    private int _sent;
    private byte[]? _received;
    private int _receivedCount;
    private bool _done;

    public ForwardedQuery(NameServer server, NameClient client, ReadOnlySpan<byte> message, IPv4Peer peer, NameConnection? connection) : base(NoSocket)
    {
        (_server, _client, _peer, _connection) = (server, client, peer, connection);
        _message = new byte[LengthPrefix + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(_message, (ushort)message.Length);
        message.CopyTo(_message.AsSpan(LengthPrefix));
        _clientId = BinaryPrimitives.ReadUInt16BigEndian(message);
        DnsQuery.Read(message, out var query);
        _questionLength = query.Question.Length;
        _replyLimit = DnsReply.UdpLimit(query);
        var named = client.Scope.Settings.Servers;
        _fromContainer = named.Count > 0;
        _servers = _fromContainer ? named : server.HostResolvers.Current();
        _first = server.Health.FirstOf(_servers, MostServers);
    }

    private Span<byte> Message => _message.AsSpan(LengthPrefix);

    private int Attempts => Math.Min(_servers.Count, MostServers);

    private IPAddress Server => _servers[(_first + _attempt) % Attempts];

    public void Begin() => AskNext(lastReply: default);

    public override void OnReady(EpollEvents events)
    {
        if (_connection is null)
        {
            ReceiveDatagram();
        }
        else
        {
            Exchange(events);
        }
    }

    public override void OnTimeout()
    {
        NoteSilence();
        AskNext(lastReply: default);
    }

    public override void OnFailure() => Drop();

    /// <summary>Ends it without an answer.</summary>
    public void Drop()
    {
        _done = true;
        _client.Forget(this);
        _server.Loop.Close(this);
    }

    /// <param name="lastReply">What the server before said, to be passed on when no other is left.</param>
    private void AskNext(ReadOnlySpan<byte> lastReply)
    {
        _server.Loop.Close(this);
        while (++_attempt < Attempts)
        {
            if (TryAsk())
            {
                return;
            }

            NoteSilence();
        }

        if (!lastReply.IsEmpty)
        {
            Complete(lastReply);
            return;
        }

        BinaryPrimitives.WriteUInt16BigEndian(Message, _clientId);
        var reply = new byte[DnsWire.MinimumUdpSize];
        Complete(reply.AsSpan(0, NameAnswers.Fail(Message, DnsCode.ServerFailure, reply)));
    }

    private bool TryAsk()
    {
        try
        {
            Handle = Connect();
        }
        catch (ErrnoException)
        {
            return false; // no way there from where it is asked; the next one may be reachable
        }

        RandomNumberGenerator.Fill(Message[..2]);
        (_sent, _received, _receivedCount) = (0, null, 0);
        if (_connection is null && NonBlocking.Send(Handle, Message) != Message.Length)
        {
            Handle.Dispose();
            return false;
        }

        _server.Loop.Watch(this, _connection is null ? EpollEvents.In : EpollEvents.Out);
        _server.Loop.SetDeadline(this, Patience);
        return true;
    }

    // By UDP only: many servers have no TCP, or a firewall before it.
    private void NoteSilence()
    {
        if (_connection is null)
        {
            _server.Health.Failed(Server);
        }
    }

    private SafeFileHandle Connect()
    {
        if (!_fromContainer)
        {
            return InetSockets.Connect(Server, Port, stream: _connection is not null);
        }

        using var container = _client.OpenNamespace();
        return _server.Loop.In(container, () => InetSockets.Connect(Server, Port, stream: _connection is not null));
    }

    private void ReceiveDatagram()
    {
        var count = NonBlocking.Receive(Handle, _server.Loop.Received);
        if (count == NonBlocking.WouldBlock)
        {
            return;
        }

        if (count < 0)
        {
            NoteSilence();
            AskNext(lastReply: default); // refused: nobody is there
            return;
        }

        Judge(_server.Loop.Received.AsSpan(0, count));
    }

    private void Exchange(EpollEvents events)
    {
        if (_sent < _message.Length && (events & (EpollEvents.Out | EpollEvents.Error | EpollEvents.HangUp)) != 0)
        {
            var sent = NonBlocking.Send(Handle, _message.AsSpan(_sent));
            if (sent < 0 && sent != NonBlocking.WouldBlock)
            {
                NoteSilence();
                AskNext(lastReply: default);
                return;
            }

            _sent += Math.Max(0, sent);
            if (_sent == _message.Length)
            {
                _server.Loop.Expect(this, EpollEvents.In);
            }
        }
        else if ((events & ~EpollEvents.Out) != 0)
        {
            ReceiveStream();
        }
    }

    private void ReceiveStream()
    {
        _received ??= new byte[LengthPrefix];
        var count = NonBlocking.Receive(Handle, _received.AsSpan(_receivedCount));
        if (count == NonBlocking.WouldBlock)
        {
            return;
        }

        if (count <= 0)
        {
            AskNext(lastReply: default);
            return;
        }

        _receivedCount += count;
        if (_receivedCount < _received.Length)
        {
            return;
        }

        if (_received.Length == LengthPrefix)
        {
            Array.Resize(ref _received, LengthPrefix + BinaryPrimitives.ReadUInt16BigEndian(_received));
            if (_received.Length > LengthPrefix)
            {
                return; // the rest comes with the next event
            }
        }

        Judge(_received.AsSpan(LengthPrefix));
    }

    private void Judge(Span<byte> reply)
    {
        if (!Fits(reply))
        {
            if (_connection is not null)
            {
                AskNext(lastReply: default);
            }

            return; // a stray or forged datagram: the right one may still come
        }

        BinaryPrimitives.WriteUInt16BigEndian(reply, _clientId);
        var code = (DnsCode)(reply[3] & 0x0F);
        if (code is DnsCode.NoError or DnsCode.NameError)
        {
            _server.Health.Answered(Server);
            Complete(reply);
            return;
        }

        AskNext(reply);
    }

    // Names are compared without regard to case: some servers write them their own way.
    private bool Fits(ReadOnlySpan<byte> reply)
    {
        if (reply.Length < DnsWire.HeaderLength || !reply[..2].SequenceEqual(Message[..2])
            || (BinaryPrimitives.ReadUInt16BigEndian(reply[2..]) & DnsWire.Response) == 0)
        {
            return false;
        }

        // A server that could not read the question can't repeat it.
        if (BinaryPrimitives.ReadUInt16BigEndian(reply[4..]) == 0)
        {
            return (DnsCode)(reply[3] & 0x0F) is not (DnsCode.NoError or DnsCode.NameError);
        }

        return reply.Length >= DnsWire.HeaderLength + _questionLength
            && System.Text.Ascii.EqualsIgnoreCase(reply.Slice(DnsWire.HeaderLength, _questionLength), Message.Slice(DnsWire.HeaderLength, _questionLength));
    }

    private void Complete(ReadOnlySpan<byte> reply)
    {
        if (_done)
        {
            return;
        }

        Drop();
        if (_connection is not null)
        {
            _connection.Complete(reply);
            return;
        }

        if (reply.Length <= _replyLimit)
        {
            _client.Send(reply, _peer);
            return;
        }

        // More than the client takes: it is told to ask again by TCP.
        var header = new byte[DnsWire.HeaderLength + _questionLength];
        reply[..header.Length].CopyTo(header);
        header[2] |= DnsWire.Truncated >> 8;
        header.AsSpan(6, 6).Clear();
        _client.Send(header, _peer);
    }
}
