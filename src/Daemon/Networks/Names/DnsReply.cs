using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Berth.Daemon.Networks.Names;

/// <summary>Writes an answer to a query into a buffer. A record that does not fit is left out, and the answer marked as truncated.</summary>
internal ref struct DnsReply
{
    private const ushort OwnUdpSize = 1232; // what passes everywhere without fragments, as DNS servers have agreed
    private const int OptLength = 11;

    private readonly Span<byte> _buffer;
    private readonly int _limit;
    private readonly DnsEdns _edns;
    private int _length;

    /// <param name="limit">The largest message that the client takes.</param>
    public DnsReply(Span<byte> buffer, DnsQuery query, DnsCode code, int limit)
    {
        _buffer = buffer;
        _edns = query.Edns;
        _limit = Math.Min(buffer.Length, limit) - (_edns.Present ? OptLength : 0);
        buffer[..DnsWire.HeaderLength].Clear();
        Put(0, query.Id);
        Put(2, (ushort)(DnsWire.Response | (query.Flags & (DnsWire.OpcodeMask | DnsWire.RecursionDesired)) | DnsWire.RecursionAvailable | (byte)code));
        _length = DnsWire.HeaderLength;
        if (!query.Question.IsEmpty)
        {
            Put(4, 1);
            query.Question.CopyTo(buffer[_length..]);
            _length += query.Question.Length;
        }
    }

    /// <summary>The largest answer that a client takes by UDP.</summary>
    public static int UdpLimit(DnsQuery query) => Math.Max(DnsWire.MinimumUdpSize, (int)query.Edns.UdpSize);

    /// <summary>Adds an A or AAAA record of the name that was asked for.</summary>
    public bool Add(IPAddress address, uint secondsToLive)
    {
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        Span<byte> data = stackalloc byte[16];
        address.TryWriteBytes(data, out var length);
        return Add(isIPv6 ? DnsType.Aaaa : DnsType.A, data[..length], secondsToLive);
    }

    /// <summary>Adds a PTR record of the name that was asked for.</summary>
    /// <param name="name">A name whose labels fit; without the last dot.</param>
    public bool AddPointer(string name, uint secondsToLive)
    {
        Span<byte> data = stackalloc byte[DnsWire.MaxName + 1];
        var length = 0;
        foreach (var label in name.Split('.'))
        {
            if (label.Length is 0 or > DnsWire.MaxLabel || length + label.Length + 2 > DnsWire.MaxName)
            {
                return false;
            }

            data[length++] = (byte)label.Length;
            length += System.Text.Encoding.ASCII.GetBytes(label, data[length..]);
        }

        data[length++] = 0;
        return Add(DnsType.Ptr, data[..length], secondsToLive);
    }

    /// <returns>The message's length.</returns>
    public int Complete()
    {
        if (!_edns.Present)
        {
            return _length;
        }

        var opt = _buffer.Slice(_length, OptLength);
        opt.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)DnsType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], OwnUdpSize);
        if (_edns.Version != 0)
        {
            opt[5] = 1; // the upper bits of BADVERS
        }

        if (_edns.DnssecOk)
        {
            opt[7] = 0x80;
        }

        Put(10, 1);
        return _length + OptLength;
    }

    private bool Add(DnsType type, scoped ReadOnlySpan<byte> data, uint secondsToLive)
    {
        const int fixedPart = 12;
        const ushort pointerToQuestion = 0xC000 | DnsWire.HeaderLength;
        if (_length + fixedPart + data.Length > _limit)
        {
            _buffer[2] |= DnsWire.Truncated >> 8;
            return false;
        }

        Put(_length, pointerToQuestion);
        Put(_length + 2, (ushort)type);
        Put(_length + 4, DnsWire.ClassInternet);
        BinaryPrimitives.WriteUInt32BigEndian(_buffer[(_length + 6)..], secondsToLive);
        Put(_length + 10, (ushort)data.Length);
        data.CopyTo(_buffer[(_length + fixedPart)..]);
        _length += fixedPart + data.Length;
        Put(6, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(_buffer[6..]) + 1));
        return true;
    }

    private readonly void Put(int at, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(_buffer[at..], value);
}
