using System.Buffers.Binary;
using System.Net;
using Berth.Shared.Linux.Netlink;

namespace Berth.Daemon.Networks.Names;

/// <summary>
/// Lets a container ask 127.0.0.11:53 while the name server's sockets are at other ports, so that port 53 stays the
/// container's own. What the table says, in nft's words:
/// <code>
/// chain output { filter output -300   ip daddr 127.0.0.11 udp dport 53 udp dport set PORT;   the same for tcp }
/// chain input  { filter input   300   ip saddr 127.0.0.11 udp sport PORT udp sport set 53;   the same for tcp }
/// </code>
/// The ports are rewritten packet by packet and not translated, since translation would make the kernel track every
/// connection of the container, which costs each of its packets. Queries are rewritten before the container's own
/// firewall tracks them and replies after, so that to it both have the same ports.
/// </summary>
internal static class ResolverRedirect
{
    public const string Table = "berth_names";

    private const string Output = "output", Input = "input";
    private const byte Tcp = 6, Udp = 17;
    private const ushort DnsPort = 53;

    /// <summary>What a container's resolv.conf names.</summary>
    public static readonly IPAddress Address = new([127, 0, 0, 11]);

    /// <summary>Makes or replaces the table in the calling thread's network namespace, in one step.</summary>
    /// <exception cref="Shared.Linux.ErrnoException">The kernel refuses.</exception>
    public static void Apply(ushort udpPort, ushort tcpPort)
    {
        const int beforeTracking = -300, afterTracking = 300;
        var batch = new NftBatch(NftFamily.IPv4, Table);
        batch.AddTable(NftTableFlags.None); // so that there is one to delete
        batch.DeleteTable();
        batch.AddTable(NftTableFlags.None);
        batch.AddChain(Output, "filter", NftHook.Output, beforeTracking);
        batch.AddChain(Input, "filter", NftHook.Input, afterTracking);
        foreach (var (protocol, port, checksum) in new[] { (Udp, udpPort, 6), (Tcp, tcpPort, 16) })
        {
            batch.AddRule(Output, rule => Rewrite(rule, addressAt: 16, protocol, portAt: 2, DnsPort, port, checksum));
            batch.AddRule(Input, rule => Rewrite(rule, addressAt: 12, protocol, portAt: 0, port, DnsPort, checksum));
        }

        using var socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter);
        batch.Commit(socket);
    }

    private static void Rewrite(NftRule rule, int addressAt, byte protocol, int portAt, ushort from, ushort to, int checksumAt) => rule
        .LoadNetwork(addressAt, 4).Equal(Address.GetAddressBytes())
        .Load(NftMeta.TransportProtocol).Equal([protocol])
        .LoadTransport(portAt, 2).Equal(Bytes(from))
        .Set(Bytes(to)).StoreTransport(portAt, 2, checksumAt);

    private static byte[] Bytes(ushort port)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, port);
        return bytes;
    }
}
