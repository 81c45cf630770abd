using System.Buffers.Binary;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks.Names;

/// <summary>A client's TCP connection: questions with their length before each, any number under way at once; RFC 7766.</summary>
internal sealed class NameConnection : LoopSocket
{
    private const int MostPending = 32;
    private const int MostUnsent = 256 << 10;
    private const int LengthPrefix = 2;

    private static readonly TimeSpan IdleTime = TimeSpan.FromSeconds(10);

    private readonly NameServer _server;
    private readonly NameClient _client;
    private byte[] _received = new byte[512];
    private byte[] _unsent = [];
    private int _receivedCount;
    private int _unsentCount;
    private int _pending;
    private bool _ended;
    private bool _answering;

    public NameConnection(NameServer server, NameClient client, SafeFileHandle handle) : base(handle)
    {
        (_server, _client) = (server, client);
        server.Loop.Watch(this, EpollEvents.In);
        server.Loop.SetDeadline(this, IdleTime);
    }

    private bool IsOpen => Slot >= 0;

    public override void OnReady(EpollEvents events)
    {
        if ((events & EpollEvents.Out) != 0)
        {
            SendUnsent();
        }

        if (IsOpen && (events & (EpollEvents.In | EpollEvents.HangUp | EpollEvents.Error)) != 0)
        {
            Receive();
        }
    }

    public override void OnTimeout()
    {
        if (_pending > 0)
        {
            _server.Loop.SetDeadline(this, IdleTime); // forwarded questions end by their own deadlines
            return;
        }

        Close();
    }

    public override void OnFailure() => Close();

    public void Close()
    {
        _client.Forget(this);
        _server.Loop.Close(this);
    }

    /// <summary>Answers a question that was forwarded.</summary>
    public void Complete(ReadOnlySpan<byte> reply)
    {
        if (!IsOpen)
        {
            return;
        }

        _pending--;
        Send(reply);
        AnswerReceived();
        Settle();
    }

    private void Receive()
    {
        if (_receivedCount == _received.Length)
        {
            Array.Resize(ref _received, Math.Min(_received.Length * 2, LengthPrefix + NameClient.LargestQuery));
        }

        var count = NonBlocking.Receive(Handle, _received.AsSpan(_receivedCount));
        if (count == NonBlocking.WouldBlock)
        {
            return;
        }

        if (count < 0)
        {
            Close();
            return;
        }

        _ended |= count == 0;
        _receivedCount += count;
        _server.Loop.SetDeadline(this, IdleTime);
        AnswerReceived();
        Settle();
    }

    private void AnswerReceived()
    {
        if (_answering)
        {
            return; // a question failed at once: the loop below goes on with the next
        }

        _answering = true;
        var start = 0;
        while (IsOpen && _pending < MostPending && _unsentCount == 0 && _receivedCount - start >= LengthPrefix)
        {
            var length = BinaryPrimitives.ReadUInt16BigEndian(_received.AsSpan(start));
            if (length > NameClient.LargestQuery)
            {
                Close();
                break;
            }

            if (_receivedCount - start - LengthPrefix < length)
            {
                break;
            }

            Answer(_received.AsSpan(start + LengthPrefix, length));
            start += LengthPrefix + length;
        }

        _answering = false;
        if (start > 0)
        {
            _receivedCount -= start;
            _received.AsSpan(start, _receivedCount).CopyTo(_received);
        }
    }

    private void Answer(ReadOnlySpan<byte> message)
    {
        var reply = _server.Loop.Reply;
        switch (_server.Answers.Judge(_client.Scope, message, ushort.MaxValue, reply.AsSpan(LengthPrefix), out var length))
        {
            case NameVerdict.Reply:
                Send(reply.AsSpan(LengthPrefix, length));
                break;
            case NameVerdict.Forward:
                _pending++; // before it is sent: it may fail, and be answered, at once
                if (!_client.Forward(message, default, this))
                {
                    _pending--;
                    length = NameAnswers.Fail(message, DnsCode.ServerFailure, reply.AsSpan(LengthPrefix));
                    Send(reply.AsSpan(LengthPrefix, length));
                }

                break;
            case NameVerdict.Ignore:
                Close(); // not a client of ours
                break;
        }
    }

    private void Send(ReadOnlySpan<byte> reply)
    {
        if (!IsOpen)
        {
            return;
        }

        // One write where possible, so that it is one packet.
        var framed = new byte[LengthPrefix + reply.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)reply.Length);
        reply.CopyTo(framed.AsSpan(LengthPrefix));
        var sent = _unsentCount > 0 ? 0 : NonBlocking.Send(Handle, framed);
        if (sent == NonBlocking.WouldBlock)
        {
            sent = 0;
        }

        var rest = framed.Length - sent;
        if (sent < 0 || _unsentCount + rest > MostUnsent)
        {
            Close(); // gone, or it asks and does not listen
            return;
        }

        if (_unsent.Length < _unsentCount + rest)
        {
            Array.Resize(ref _unsent, Math.Max(_unsentCount + rest, _unsent.Length * 2));
        }

        framed.AsSpan(sent).CopyTo(_unsent.AsSpan(_unsentCount));
        _unsentCount += rest;
    }

    private void SendUnsent()
    {
        if (_unsentCount == 0)
        {
            return;
        }

        var sent = NonBlocking.Send(Handle, _unsent.AsSpan(0, _unsentCount));
        if (sent == NonBlocking.WouldBlock)
        {
            return;
        }

        if (sent < 0)
        {
            Close();
            return;
        }

        _unsentCount -= sent;
        _unsent.AsSpan(sent, _unsentCount).CopyTo(_unsent);
        _server.Loop.SetDeadline(this, IdleTime);
        AnswerReceived();
        Settle();
    }

    /// <summary>Waits for what can be used now, or closes when all is said.</summary>
    private void Settle()
    {
        if (!IsOpen)
        {
            return;
        }

        if (_ended && _pending == 0 && _unsentCount == 0)
        {
            Close();
            return;
        }

        var takes = !_ended && _pending < MostPending && _unsentCount == 0;
        _server.Loop.Expect(this, (takes ? EpollEvents.In : EpollEvents.None) | (_unsentCount > 0 ? EpollEvents.Out : EpollEvents.None));
    }
}
