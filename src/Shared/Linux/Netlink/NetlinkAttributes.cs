using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;

namespace Berth.Shared.Linux.Netlink;

/// <summary>Walks a run of attributes: length (u16, without padding), type (u16), value, padding to four bytes.</summary>
public ref struct NetlinkAttributes(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    public NetlinkAttribute Current { get; private set; }

    public readonly NetlinkAttributes GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.Length < 4)
        {
            return false;
        }

        int length = MemoryMarshal.Read<ushort>(_rest);
        if (length < 4 || length > _rest.Length)
        {
            return false; // a truncated message: what was whole has been given
        }

        const ushort flags = 0xC000; // NLA_F_NESTED, NLA_F_NET_BYTEORDER
        Current = new NetlinkAttribute((ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & ~flags), _rest[4..length]);
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        return true;
    }

    /// <summary>The value of the first attribute of that type; empty when there is none.</summary>
    public readonly ReadOnlySpan<byte> Find(ushort type)
    {
        foreach (var attribute in this)
        {
            if (attribute.Type == type)
            {
                return attribute.Value;
            }
        }

        return default;
    }
}

/// <summary>One attribute of a received message.</summary>
public readonly ref struct NetlinkAttribute(ushort type, ReadOnlySpan<byte> value)
{
    public ushort Type { get; } = type;

    public ReadOnlySpan<byte> Value { get; } = value;

    public NetlinkAttributes Nested => new(Value);

    public uint AsUInt32 => Value.Length >= 4 ? MemoryMarshal.Read<uint>(Value) : 0;

    public uint AsBigEndianUInt32 => Value.Length >= 4 ? BinaryPrimitives.ReadUInt32BigEndian(Value) : 0;

    public string AsText => Encoding.UTF8.GetString(Value.TrimEnd((byte)0));

    public IPAddress? AsAddress => Value.Length is 4 or 16 ? new IPAddress(Value) : null;
}
