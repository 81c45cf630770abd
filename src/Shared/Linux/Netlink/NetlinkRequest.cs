using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Berth.Shared.Linux.Netlink;

/// <summary>
/// One or more netlink messages in one buffer, sent to the kernel by one system call. Begin a message, append its fixed
/// header and its attributes, begin the next. Numbers are in the machine's order as rtnetlink wants them, the
/// <c>BigEndian</c> forms are nfnetlink's.
/// </summary>
public sealed class NetlinkRequest
{
    private const int HeaderLength = 16;

    private readonly List<(int Offset, string What)> _messages = [];
    private byte[] _buffer = new byte[1024];
    private int _length;

    /// <summary>Messages in the request.</summary>
    public int Count => _messages.Count;

    /// <summary>The first and last messages bracket an nfnetlink transaction; the kernel acknowledges only what is between them.</summary>
    internal bool IsTransaction { get; init; }

    /// <summary>Starts a message.</summary>
    /// <param name="what">What it does, for the error message should the kernel refuse: "add link berth0".</param>
    public NetlinkRequest Begin(ushort type, NetlinkFlags flags, string what)
    {
        Finish();
        _messages.Add((_length, what));
        var header = Reserve(HeaderLength);
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], (ushort)(flags | NetlinkFlags.Request));
        return this;
    }

    /// <summary>Appends a structure such as the family's fixed header.</summary>
    public NetlinkRequest Append<T>(T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(Reserve(Unsafe.SizeOf<T>()), in value);
        return this;
    }

    /// <summary>Appends finished attributes, such as were received.</summary>
    public NetlinkRequest AppendBytes(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        return this;
    }

    public NetlinkRequest Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        var bytes = Reserve(4 + value.Length);
        MemoryMarshal.Write(bytes, (ushort)(4 + value.Length));
        MemoryMarshal.Write(bytes[2..], type);
        value.CopyTo(bytes[4..]);
        return this;
    }

    public NetlinkRequest Attribute(ushort type, byte value) => Attribute(type, [value]);

    public NetlinkRequest Attribute(ushort type, uint value) => Attribute(type, MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in value)));

    public NetlinkRequest Attribute(ushort type, int value) => Attribute(type, unchecked((uint)value));

    public NetlinkRequest BigEndian(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return Attribute(type, bytes);
    }

    public NetlinkRequest Attribute(ushort type, IPAddress value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, out var length);
        return Attribute(type, bytes[..length]);
    }

    /// <summary>A NUL-terminated string.</summary>
    public NetlinkRequest Attribute(ushort type, string value)
    {
        Span<byte> bytes = stackalloc byte[Encoding.UTF8.GetMaxByteCount(value.Length) + 1];
        var length = Encoding.UTF8.GetBytes(value, bytes);
        bytes[length] = 0;
        return Attribute(type, bytes[..(length + 1)]);
    }

    /// <summary>Opens an attribute that holds attributes, closed by disposing of the result.</summary>
    public Nest Nested(ushort type)
    {
        const ushort nested = 0x8000; // NLA_F_NESTED
        var start = _length;
        MemoryMarshal.Write(Reserve(4)[2..], (ushort)(type | nested));
        return new Nest(this, start);
    }

    /// <summary>The finished bytes, with sequence numbers counted up from <paramref name="firstSequence"/>, and the number whose acknowledgement ends the exchange.</summary>
    /// <param name="acknowledged">Index of the message that is to be acknowledged; the kernel reports failures of the others unasked.</param>
    internal ReadOnlySpan<byte> Seal(uint firstSequence, uint portId, int? acknowledged)
    {
        Finish();
        for (var i = 0; i < _messages.Count; i++)
        {
            var header = _buffer.AsSpan(_messages[i].Offset);
            MemoryMarshal.Write(header[8..], firstSequence + (uint)i);
            MemoryMarshal.Write(header[12..], portId);
            if (i == acknowledged)
            {
                MemoryMarshal.Write(header[6..], (ushort)(MemoryMarshal.Read<ushort>(header[6..]) | (ushort)NetlinkFlags.Acknowledge));
            }
        }

        return _buffer.AsSpan(0, _length);
    }

    internal string Describe(int index) => index >= 0 && index < _messages.Count ? _messages[index].What : "request";

    private void Finish()
    {
        if (_messages.Count > 0)
        {
            var start = _messages[^1].Offset;
            MemoryMarshal.Write(_buffer.AsSpan(start), _length - start);
        }
    }

    // Everything in a message starts at a multiple of four, and the padding is zero.
    private Span<byte> Reserve(int length)
    {
        var padded = (length + 3) & ~3;
        if (_length + padded > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + padded));
        }

        var start = _length;
        _length += padded;
        return _buffer.AsSpan(start, length);
    }

    private void CloseNest(int start)
    {
        var length = _length - start;
        if (length > ushort.MaxValue)
        {
            throw new InvalidOperationException($"a netlink attribute of {length} bytes: split it over several messages");
        }

        MemoryMarshal.Write(_buffer.AsSpan(start), (ushort)length);
    }

    /// <summary>An open nested attribute.</summary>
    public readonly struct Nest(NetlinkRequest request, int start) : IDisposable
    {
        public void Dispose() => request.CloseNest(start);
    }
}
