using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Berth.Shared.Supervision;

/// <summary>Frames to bytes and back; the form is drawn in SupervisorProtocol.cs. Without I/O, so that both ends share it.</summary>
public static class SupervisorFrameCodec
{
    /// <summary>Length and kind.</summary>
    public const int HeaderSize = 5;

    /// <summary>The longest payload that is taken; an exec with the largest environment that execve(2) accepts fits in.</summary>
    public const int MaxPayload = 4 << 20;

    public static byte[] Encode(SupervisorFrame kind) => Encode(kind, []);

    public static byte[] Encode<T>(SupervisorFrame kind, T value, JsonTypeInfo<T> type) => Encode(kind, JsonSerializer.SerializeToUtf8Bytes(value, type));

    private static byte[] Encode(SupervisorFrame kind, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > MaxPayload)
        {
            throw new InvalidDataException($"a {kind} of {payload.Length} bytes is longer than a supervisor takes ({MaxPayload})");
        }

        var frame = new byte[HeaderSize + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length + 1);
        frame[4] = (byte)kind;
        payload.CopyTo(frame.AsSpan(HeaderSize));
        return frame;
    }

    /// <summary>Reads a frame's head.</summary>
    /// <exception cref="InvalidDataException">It can't be a frame's head.</exception>
    public static (SupervisorFrame Kind, int PayloadLength) DecodeHeader(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadInt32LittleEndian(header);
        return length is >= 1 and <= MaxPayload + 1
            ? ((SupervisorFrame)header[4], length - 1)
            : throw new InvalidDataException($"a supervisor frame can't have the length {length}");
    }

    /// <exception cref="InvalidDataException">The payload is no such record.</exception>
    public static T Decode<T>(ReadOnlySpan<byte> payload, JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(payload, type) ?? throw new InvalidDataException($"{typeof(T).Name} is null");
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"{typeof(T).Name}: {malformed.Message}", malformed);
        }
    }
}
