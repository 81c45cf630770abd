using System.Buffers.Binary;
using System.Text;
using Berth.Client.CommandLine;
using Berth.Client.Output;

namespace Berth.Client.Streams;

/// <summary>Takes apart the stream of a container without a terminal: frames of an eight-byte head (1 stdout, 2 stderr; length, big-endian) and their bytes.</summary>
internal sealed class FrameDemultiplexer(ByteSink output, ByteSink error)
{
    private const int HeadLength = 8;

    private readonly byte[] _head = new byte[HeadLength];
    private int _headFilled;
    private uint _left;
    private ByteSink? _current;
    private StringBuilder? _failure;

    /// <summary>Passes on what the bytes hold; frames may be cut anywhere between calls.</summary>
    /// <exception cref="CommandFailedException">The daemon reported a failure within the stream, or the bytes are no frames.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_left == 0 && !ReadHead(ref bytes))
            {
                break;
            }

            var piece = bytes[..(int)Math.Min(_left, (uint)bytes.Length)];
            bytes = bytes[piece.Length..];
            _left -= (uint)piece.Length;
            _current?.Write(piece);
            _failure?.Append(Encoding.UTF8.GetString(piece));
            if (_left == 0 && _failure is { Length: > 0 })
            {
                throw new CommandFailedException("error from daemon in stream: " + _failure, 125);
            }
        }

        _current?.Flush();
    }

    private bool ReadHead(ref ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(HeadLength - _headFilled, bytes.Length);
        bytes[..taken].CopyTo(_head.AsSpan(_headFilled));
        bytes = bytes[taken..];
        _headFilled += taken;
        if (_headFilled < HeadLength)
        {
            return false;
        }

        _headFilled = 0;
        _left = BinaryPrimitives.ReadUInt32BigEndian(_head.AsSpan(4));
        _failure = _head[0] == 3 ? new StringBuilder() : null;
        var next = _head[0] switch
        {
            0 or 1 => output,
            2 => error,
            3 => null,
            var other => throw new CommandFailedException($"unrecognized input header: {other}", 125),
        };
        if (next != _current)
        {
            _current?.Flush(); // both may be the same terminal: what came first is shown first
            _current = next;
        }

        return _left > 0 || bytes.Length > 0;
    }
}
