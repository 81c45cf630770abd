using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Berth.Shared.Linux.Netlink;

/// <summary>The kernel's table of connections; &lt;linux/netfilter/nfnetlink_conntrack.h&gt;.</summary>
public sealed class ConnectionTracking(NetlinkSocket socket)
{
    private const ushort Get = (1 << 8) | 1, Delete = (1 << 8) | 2;
    private const ushort Original = 1, Reply = 2, Id = 12;
    private const ushort Addresses = 1, Protocol = 2;

    /// <summary>Forgets the connections that the predicate picks, so that their next packet is judged by the rules anew.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="ErrnoException">EINVAL: the kernel lacks ctnetlink.</exception>
    public int Forget(AddressFamily family, Func<TrackedConnection, bool> isMeant)
    {
        var number = family == AddressFamily.InterNetworkV6 ? (uint)NftFamily.IPv6 : (uint)NftFamily.IPv4;
        var list = new NetlinkRequest().Begin(Get, NetlinkFlags.Dump, "list connections").Append(number);
        var meant = socket.Dump(list, (_, payload) => Read(payload) is { } entry && isMeant(entry.Connection) ? entry : null);
        foreach (var entry in meant)
        {
            var request = new NetlinkRequest().Begin(Delete, NetlinkFlags.None, "forget a connection").Append(number);
            using (request.Nested(Original))
            {
                request.AppendBytes(entry.Original);
            }

            try
            {
                // With its id: another connection may have taken the same addresses and ports meanwhile.
                socket.Execute(request.Attribute(Id, entry.Id));
            }
            catch (ErrnoException error) when (error.Errno == Errno.ENOENT)
            {
                // It has ended by itself.
            }
        }

        return meant.Count;
    }

    private static Entry? Read(ReadOnlySpan<byte> payload)
    {
        const int header = 4; // struct nfgenmsg
        if (payload.Length < header)
        {
            return null;
        }

        var attributes = new NetlinkAttributes(payload[header..]);
        var original = attributes.Find(Original);
        var reply = attributes.Find(Reply);
        var protocol = new NetlinkAttributes(new NetlinkAttributes(original).Find(Protocol));
        var number = protocol.Find(1);
        var destinationPort = protocol.Find(3);
        if (number.IsEmpty || destinationPort.Length < 2
            || FindAddress(original, isSource: false) is not { } destination || FindAddress(reply, isSource: true) is not { } answeredBy)
        {
            return null; // a protocol without ports
        }

        return new Entry(
            new TrackedConnection(number[0], destination, BinaryPrimitives.ReadUInt16BigEndian(destinationPort), answeredBy),
            original.ToArray(), attributes.Find(Id).ToArray());
    }

    private static IPAddress? FindAddress(ReadOnlySpan<byte> tuple, bool isSource)
    {
        var addresses = new NetlinkAttributes(new NetlinkAttributes(tuple).Find(Addresses));
        var four = addresses.Find((ushort)(isSource ? 1 : 2));
        var bytes = four.IsEmpty ? addresses.Find((ushort)(isSource ? 3 : 4)) : four;
        return bytes.Length is 4 or 16 ? new IPAddress(bytes) : null;
    }

    private sealed record Entry(TrackedConnection Connection, byte[] Original, byte[] Id);
}

/// <summary>A connection as its first packet was addressed.</summary>
/// <param name="Protocol">The IP protocol's number.</param>
/// <param name="AnsweredBy">Who really gets the packets: differs from the destination when that is translated.</param>
public sealed record TrackedConnection(byte Protocol, IPAddress Destination, ushort DestinationPort, IPAddress AnsweredBy);
