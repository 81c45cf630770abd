using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Berth.Shared.Linux.Netlink;

/// <summary>Links, addresses and routes of one network namespace; rtnetlink(7).</summary>
public sealed class Rtnetlink(NetlinkSocket socket) : IDisposable
{
    /// <summary>Opens the namespace of the calling thread.</summary>
    public static Rtnetlink OpenHere() => new(NetlinkSocket.Open(NetlinkProtocol.Route));

    /// <summary>Makes all of the changes, in order, in one call; a refused one does not stop those after it.</summary>
    /// <exception cref="ErrnoException">The first refusal.</exception>
    public void Apply(RtnetlinkChanges changes) => socket.Execute(changes.Request);

    public LinkInfo? FindLink(string name)
    {
        var request = new NetlinkRequest().Begin(RtnetlinkTypes.GetLink, NetlinkFlags.None, $"find interface {name}")
            .Append(default(LinkHeader))
            .Attribute(LinkAttributes.Name, name);
        try
        {
            return socket.Get(request, ReadLink);
        }
        catch (ErrnoException error) when (error.Errno is Errno.ENODEV)
        {
            return null;
        }
    }

    public List<LinkInfo> Links()
        => socket.Dump(new NetlinkRequest().Begin(RtnetlinkTypes.GetLink, NetlinkFlags.Dump, "list interfaces").Append(default(LinkHeader)), ReadLink);

    public List<LinkAddress> Addresses()
        => socket.Dump(new NetlinkRequest().Begin(RtnetlinkTypes.GetAddress, NetlinkFlags.Dump, "list addresses").Append(default(AddressHeader)), ReadAddress);

    /// <summary>Routes of both families and all tables.</summary>
    public List<RouteInfo> Routes()
        => socket.Dump(new NetlinkRequest().Begin(RtnetlinkTypes.GetRoute, NetlinkFlags.Dump, "list routes").Append(default(RouteHeader)), ReadRoute);

    public void Dispose() => socket.Dispose();

    private static LinkInfo? ReadLink(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RtnetlinkTypes.NewLink || payload.Length < 16)
        {
            return null;
        }

        var header = MemoryMarshal.Read<LinkHeader>(payload);
        string name = "", kind = "", alias = "";
        var (master, mtu) = (0, 0);
        byte[] hardware = [];
        foreach (var attribute in new NetlinkAttributes(payload[16..]))
        {
            switch (attribute.Type)
            {
                case LinkAttributes.Name: name = attribute.AsText; break;
                case LinkAttributes.Master: master = (int)attribute.AsUInt32; break;
                case LinkAttributes.Alias: alias = attribute.AsText; break;
                case LinkAttributes.Mtu: mtu = (int)attribute.AsUInt32; break;
                case LinkAttributes.HardwareAddress: hardware = attribute.Value.ToArray(); break;
                case LinkAttributes.Info:
                    kind = new NetlinkAttribute(LinkAttributes.InfoKind, attribute.Nested.Find(LinkAttributes.InfoKind)).AsText;
                    break;
            }
        }

        return new LinkInfo(header.Index, name, kind, master, (header.Flags & LinkHeader.Up) != 0, mtu, hardware)
        {
            Alias = alias,
            IsRunning = (header.Flags & LinkHeader.Running) != 0,
        };
    }

    private static LinkAddress? ReadAddress(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RtnetlinkTypes.NewAddress || payload.Length < 8)
        {
            return null;
        }

        var header = MemoryMarshal.Read<AddressHeader>(payload);
        var attributes = new NetlinkAttributes(payload[8..]);
        // IFA_ADDRESS is the peer's on point-to-point links; IFA_LOCAL is ours where there is one.
        var local = attributes.Find(AddressAttributes.Local);
        var bytes = local.IsEmpty ? attributes.Find(AddressAttributes.Address) : local;
        return bytes.Length is 4 or 16 ? new LinkAddress((int)header.LinkIndex, new IPAddress(bytes), header.PrefixLength) : null;
    }

    private static RouteInfo? ReadRoute(ushort type, ReadOnlySpan<byte> payload)
    {
        if (type != RtnetlinkTypes.NewRoute || payload.Length < 12)
        {
            return null;
        }

        var header = MemoryMarshal.Read<RouteHeader>(payload);
        if (header.Family is not ((byte)AddressFamily.InterNetwork or RouteHeader.FamilyIPv6))
        {
            return null; // multicast routing and the like
        }

        var destination = header.Family == RouteHeader.FamilyIPv6 ? IPAddress.IPv6Any : IPAddress.Any;
        var (link, table) = (0, (uint)header.Table);
        foreach (var attribute in new NetlinkAttributes(payload[12..]))
        {
            switch (attribute.Type)
            {
                case RouteAttributes.Destination: destination = attribute.AsAddress ?? destination; break;
                case RouteAttributes.OutputLink: link = (int)attribute.AsUInt32; break;
                case RouteAttributes.Table: table = attribute.AsUInt32; break;
            }
        }

        return new RouteInfo(destination, header.DestinationLength, link, table);
    }
}
