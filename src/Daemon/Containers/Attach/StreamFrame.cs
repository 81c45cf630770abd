using System.Buffers.Binary;

namespace Berth.Daemon.Containers.Attach;

/// <summary>Docker's frame around a piece of output without a terminal: stream, three zero bytes, length.</summary>
internal static class StreamFrame
{
    public static byte[] Of(bool stderr, ReadOnlySpan<byte> text)
    {
        var frame = new byte[8 + text.Length];
        frame[0] = stderr ? (byte)2 : (byte)1;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(4), (uint)text.Length);
        text.CopyTo(frame.AsSpan(8));
        return frame;
    }
}
