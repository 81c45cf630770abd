using System.Buffers.Binary;

namespace Berth.Daemon.Networks.Names;

/// <summary>What a message says of extensions, by its OPT record; RFC 6891.</summary>
/// <param name="UdpSize">The largest datagram that the sender takes; 0 when there is no OPT record.</param>
internal readonly record struct DnsEdns(bool Present, ushort UdpSize, byte Version, bool DnssecOk)
{
    /// <summary>Looks through the records behind a question.</summary>
    /// <param name="before">Records ahead of the additional section.</param>
    /// <param name="additional">Records in it.</param>
    /// <returns>False: they can't be read, there are more than the limit, or more than one OPT.</returns>
    public static bool Find(ReadOnlySpan<byte> message, int position, int before, int additional, int limit, out DnsEdns edns)
    {
        const int fixedPart = 10;
        edns = default;
        if (before + additional > limit)
        {
            return false;
        }

        for (var record = 0; record < before + additional; record++)
        {
            var start = position;
            if (!DnsQuery.SkipName(message, ref position, mayPoint: true) || message.Length - position < fixedPart)
            {
                return false;
            }

            var head = message.Slice(position, fixedPart);
            position += fixedPart + BinaryPrimitives.ReadUInt16BigEndian(head[8..]);
            if (position > message.Length)
            {
                return false;
            }

            if (record < before || BinaryPrimitives.ReadUInt16BigEndian(head) != (ushort)DnsType.Opt)
            {
                continue;
            }

            if (edns.Present || message[start] != 0)
            {
                return false;
            }

            edns = new DnsEdns(true, BinaryPrimitives.ReadUInt16BigEndian(head[2..]), head[5], (head[6] & 0x80) != 0);
        }

        return true;
    }
}
