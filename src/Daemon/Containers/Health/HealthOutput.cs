using System.Buffers.Binary;
using System.Text;

namespace Berth.Daemon.Containers.Health;

/// <summary>The beginning of what a check writes: both streams, taken out of their frames as they come. The rest is read and dropped, so that the check isn't held up.</summary>
internal sealed class HealthOutput
{
    private const int MaxLength = 4096;
    private const int FrameHeaderSize = 8;

    private readonly byte[] _kept = new byte[MaxLength];
    private readonly byte[] _header = new byte[FrameHeaderSize];
    private int _length;
    private int _headerLength;
    private uint _frameLeft;
    private bool _isCut;

    /// <param name="bytes">Of the framed stream, cut anywhere.</param>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_frameLeft == 0)
            {
                bytes = ReadHeader(bytes);
                continue;
            }

            var part = bytes[..(int)Math.Min(_frameLeft, (uint)bytes.Length)];
            Keep(part);
            _frameLeft -= (uint)part.Length;
            bytes = bytes[part.Length..];
        }
    }

    public override string ToString() => Encoding.UTF8.GetString(_kept, 0, _length) + (_isCut ? "..." : "");

    private ReadOnlySpan<byte> ReadHeader(ReadOnlySpan<byte> bytes)
    {
        var part = bytes[..Math.Min(FrameHeaderSize - _headerLength, bytes.Length)];
        part.CopyTo(_header.AsSpan(_headerLength));
        _headerLength += part.Length;
        if (_headerLength == FrameHeaderSize)
        {
            _frameLeft = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(4));
            _headerLength = 0;
        }

        return bytes[part.Length..];
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var part = bytes[..Math.Min(bytes.Length, MaxLength - _length)];
        part.CopyTo(_kept.AsSpan(_length));
        _length += part.Length;
        _isCut |= part.Length < bytes.Length;
    }
}
