using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux.Netlink;

/// <summary>Changes to links, addresses and routes, gathered for one call of <see cref="Rtnetlink.Apply"/>.</summary>
public sealed class RtnetlinkChanges
{
    private const byte FamilyBridge = 7;

    internal NetlinkRequest Request { get; } = new();

    public RtnetlinkChanges AddBridge(string name, ReadOnlySpan<byte> hardwareAddress, int mtu)
    {
        Request.Begin(RtnetlinkTypes.NewLink, NetlinkFlags.Create | NetlinkFlags.Exclusive, $"add bridge {name}")
            .Append(default(LinkHeader))
            .Attribute(LinkAttributes.Name, name)
            // A fixed address: else the bridge's would be the lowest of its ports' and change with every container.
            .Attribute(LinkAttributes.HardwareAddress, hardwareAddress)
            .Attribute(LinkAttributes.Mtu, mtu);
        using (Request.Nested(LinkAttributes.Info))
        {
            Request.Attribute(LinkAttributes.InfoKind, "bridge");
        }

        return this;
    }

    /// <summary>Makes an interface that swallows what is sent to it; down.</summary>
    public RtnetlinkChanges AddDummy(string name)
    {
        Request.Begin(RtnetlinkTypes.NewLink, NetlinkFlags.Create | NetlinkFlags.Exclusive, $"add interface {name}")
            .Append(default(LinkHeader))
            .Attribute(LinkAttributes.Name, name);
        using (Request.Nested(LinkAttributes.Info))
        {
            Request.Attribute(LinkAttributes.InfoKind, "dummy");
        }

        return this;
    }

    /// <summary>Makes the interface of one VLAN on another interface; down.</summary>
    public RtnetlinkChanges AddVlan(string name, int linkIndex, ushort vlan)
    {
        Request.Begin(RtnetlinkTypes.NewLink, NetlinkFlags.Create | NetlinkFlags.Exclusive, $"add VLAN interface {name}")
            .Append(default(LinkHeader))
            .Attribute(LinkAttributes.Name, name)
            .Attribute(LinkAttributes.Link, linkIndex);
        using (Request.Nested(LinkAttributes.Info))
        {
            Request.Attribute(LinkAttributes.InfoKind, "vlan");
            using (Request.Nested(LinkAttributes.InfoData))
            {
                Request.Attribute(LinkAttributes.VlanId, MemoryMarshal.AsBytes(new ReadOnlySpan<ushort>(in vlan)));
            }
        }

        return this;
    }

    /// <summary>Makes an interface with a hardware address of its own upon one of this namespace, in another namespace; down.</summary>
    /// <param name="mtu">0: the parent's.</param>
    public RtnetlinkChanges AddMacvlan(string name, int parentIndex, MacvlanMode mode, int mtu, SafeFileHandle networkNamespace)
        => AddChild("macvlan", name, parentIndex, mtu, networkNamespace, () => Request.Attribute(LinkAttributes.MacvlanMode, (uint)mode));

    /// <summary>Makes an interface that shares the hardware address of one of this namespace, in another namespace; down.</summary>
    /// <inheritdoc cref="AddMacvlan"/>
    public RtnetlinkChanges AddIpvlan(string name, int parentIndex, IpvlanMode mode, IpvlanFlag flag, int mtu, SafeFileHandle networkNamespace)
        => AddChild("ipvlan", name, parentIndex, mtu, networkNamespace, () => Request
            .Attribute(LinkAttributes.IpvlanMode, BitConverter.GetBytes((ushort)mode))
            .Attribute(LinkAttributes.IpvlanFlags, BitConverter.GetBytes((ushort)flag)));

    /// <summary>Asks for an interface of a kind without saying upon which other: never granted, but EOPNOTSUPP means that the kernel does not know the kind.</summary>
    public RtnetlinkChanges ProbeKind(string kind)
    {
        Request.Begin(RtnetlinkTypes.NewLink, NetlinkFlags.Create | NetlinkFlags.Exclusive, $"ask for the kind {kind}").Append(default(LinkHeader));
        using (Request.Nested(LinkAttributes.Info))
        {
            Request.Attribute(LinkAttributes.InfoKind, kind);
        }

        return this;
    }

    private RtnetlinkChanges AddChild(string kind, string name, int parentIndex, int mtu, SafeFileHandle networkNamespace, Action data)
    {
        Request.Begin(RtnetlinkTypes.NewLink, NetlinkFlags.Create | NetlinkFlags.Exclusive, $"add {kind} interface {name}")
            .Append(default(LinkHeader))
            .Attribute(LinkAttributes.Name, name)
            .Attribute(LinkAttributes.Link, parentIndex)
            .Attribute(LinkAttributes.NamespaceFd, networkNamespace.Fd());
        if (mtu != 0)
        {
            Request.Attribute(LinkAttributes.Mtu, mtu);
        }

        using (Request.Nested(LinkAttributes.Info))
        {
            Request.Attribute(LinkAttributes.InfoKind, kind);
            using (Request.Nested(LinkAttributes.InfoData))
            {
                data();
            }
        }

        return this;
    }

    /// <summary>Makes a pair of interfaces, both still down: one here, the other in another network namespace.</summary>
    /// <param name="peerNamespace">Null: here, too.</param>
    public RtnetlinkChanges AddVeth(string name, string peerName, int mtu, SafeFileHandle? peerNamespace)
    {
        Request.Begin(RtnetlinkTypes.NewLink, NetlinkFlags.Create | NetlinkFlags.Exclusive, $"add interface {name}")
            .Append(default(LinkHeader))
            .Attribute(LinkAttributes.Name, name)
            .Attribute(LinkAttributes.Mtu, mtu);
        using (Request.Nested(LinkAttributes.Info))
        {
            Request.Attribute(LinkAttributes.InfoKind, "veth");
            using (Request.Nested(LinkAttributes.InfoData))
            using (Request.Nested(LinkAttributes.VethPeer))
            {
                Request.Append(default(LinkHeader))
                    .Attribute(LinkAttributes.Name, peerName)
                    .Attribute(LinkAttributes.Mtu, mtu);
                if (peerNamespace is not null)
                {
                    Request.Attribute(LinkAttributes.NamespaceFd, peerNamespace.Fd());
                }
            }
        }

        return this;
    }

    /// <summary>Makes an interface a port of a bridge, and sets it up.</summary>
    /// <param name="generateAddress">False: no link-local IPv6 address, which a port has no use for but would announce.</param>
    public RtnetlinkChanges JoinBridge(string name, int bridgeIndex, bool generateAddress)
    {
        Request.Begin(RtnetlinkTypes.SetLink, NetlinkFlags.None, $"connect interface {name} to its bridge")
            .Append(default(LinkHeader))
            .Attribute(LinkAttributes.Name, name)
            .Attribute(LinkAttributes.Master, bridgeIndex);
        if (!generateAddress)
        {
            using (Request.Nested(LinkAttributes.AddressFamilySpec))
            using (Request.Nested(RouteHeader.FamilyIPv6))
            {
                Request.Attribute(LinkAttributes.IPv6AddressGenerationMode, LinkAttributes.NoGeneratedAddress);
            }
        }

        // A message of its own: within one, the kernel would set it up first.
        Request.Begin(RtnetlinkTypes.SetLink, NetlinkFlags.None, $"set up interface {name}")
            .Append(new LinkHeader { Flags = LinkHeader.Up, Change = LinkHeader.Up })
            .Attribute(LinkAttributes.Name, name);
        return this;
    }

    public RtnetlinkChanges SetUp(int index, ReadOnlySpan<byte> hardwareAddress = default)
    {
        Request.Begin(RtnetlinkTypes.SetLink, NetlinkFlags.None, $"set up interface {index}")
            .Append(new LinkHeader { Index = index, Flags = LinkHeader.Up, Change = LinkHeader.Up });
        if (!hardwareAddress.IsEmpty)
        {
            Request.Attribute(LinkAttributes.HardwareAddress, hardwareAddress);
        }

        return this;
    }

    /// <summary>Leaves a remark on an interface, which the kernel keeps with it.</summary>
    public RtnetlinkChanges SetAlias(string name, string alias)
    {
        Request.Begin(RtnetlinkTypes.SetLink, NetlinkFlags.None, $"remark on interface {name}")
            .Append(default(LinkHeader)).Attribute(LinkAttributes.Name, name).Attribute(LinkAttributes.Alias, alias);
        return this;
    }

    public RtnetlinkChanges SetMtu(int index, int mtu)
    {
        Request.Begin(RtnetlinkTypes.SetLink, NetlinkFlags.None, $"set the MTU of interface {index}")
            .Append(new LinkHeader { Index = index }).Attribute(LinkAttributes.Mtu, mtu);
        return this;
    }

    /// <summary>How a bridge treats one of its ports.</summary>
    /// <param name="isolated">Exchanges no frames with other isolated ports; the host is still reached.</param>
    /// <param name="hairpin">May get frames back that it sent.</param>
    public RtnetlinkChanges ConfigurePort(int index, bool isolated, bool hairpin)
    {
        Request.Begin(RtnetlinkTypes.SetLink, NetlinkFlags.None, $"configure bridge port {index}")
            .Append(new LinkHeader { Family = FamilyBridge, Index = index });
        using (Request.Nested(LinkAttributes.ProtocolInfo))
        {
            Request.Attribute(LinkAttributes.BridgePortHairpin, (byte)(hairpin ? 1 : 0)).Attribute(LinkAttributes.BridgePortIsolated, (byte)(isolated ? 1 : 0));
        }

        return this;
    }

    /// <summary>Lets what passes between a bridge's ports pass the IP firewall too, whatever the host's setting for all bridges; needs br_netfilter.</summary>
    public RtnetlinkChanges FilterBridged(int index)
    {
        Request.Begin(RtnetlinkTypes.NewLink, NetlinkFlags.None, $"configure bridge {index}").Append(new LinkHeader { Index = index });
        using (Request.Nested(LinkAttributes.Info))
        {
            Request.Attribute(LinkAttributes.InfoKind, "bridge");
            using (Request.Nested(LinkAttributes.InfoData))
            {
                Request.Attribute(LinkAttributes.BridgeCallsIPv4Filters, (byte)1).Attribute(LinkAttributes.BridgeCallsIPv6Filters, (byte)1);
            }
        }

        return this;
    }

    public RtnetlinkChanges DeleteLink(int index, string name)
    {
        Request.Begin(RtnetlinkTypes.DeleteLink, NetlinkFlags.None, $"delete interface {name}").Append(new LinkHeader { Index = index });
        return this;
    }

    public RtnetlinkChanges DeleteLink(string name)
    {
        Request.Begin(RtnetlinkTypes.DeleteLink, NetlinkFlags.None, $"delete interface {name}")
            .Append(default(LinkHeader)).Attribute(LinkAttributes.Name, name);
        return this;
    }

    /// <summary>Gives an interface an address, or leaves it as it is when it has it.</summary>
    public RtnetlinkChanges AddAddress(int index, IPAddress address, int prefixLength)
    {
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        Request.Begin(RtnetlinkTypes.NewAddress, NetlinkFlags.Create | NetlinkFlags.Replace, $"add address {address}/{prefixLength}")
            .Append(new AddressHeader
            {
                Family = FamilyOf(address),
                PrefixLength = (byte)prefixLength,
                LinkIndex = (uint)index,
                // We hand the addresses out: nobody to ask, and an address under test can't be used for two seconds.
                Flags = isIPv6 ? (byte)AddressAttributes.NoDuplicateDetection : (byte)0,
            })
            .Attribute(AddressAttributes.Local, address)
            .Attribute(AddressAttributes.Address, address);
        if (!isIPv6 && prefixLength < 31)
        {
            var bytes = address.GetAddressBytes();
            for (var bit = prefixLength; bit < 32; bit++)
            {
                bytes[bit / 8] |= (byte)(0x80 >> (bit % 8));
            }

            Request.Attribute(AddressAttributes.Broadcast, bytes);
        }

        return this;
    }

    public RtnetlinkChanges DeleteAddress(int index, IPAddress address, int prefixLength)
    {
        Request.Begin(RtnetlinkTypes.DeleteAddress, NetlinkFlags.None, $"delete address {address}/{prefixLength}")
            .Append(new AddressHeader { Family = FamilyOf(address), PrefixLength = (byte)prefixLength, LinkIndex = (uint)index })
            .Attribute(AddressAttributes.Local, address);
        return this;
    }

    public RtnetlinkChanges AddDefaultRoute(IPAddress gateway, int linkIndex)
    {
        Request.Begin(RtnetlinkTypes.NewRoute, NetlinkFlags.Create | NetlinkFlags.Replace, $"add default route via {gateway}")
            .Append(new RouteHeader { Family = FamilyOf(gateway), Table = RouteHeader.MainTable, Protocol = RouteHeader.StaticProtocol, Type = RouteHeader.Unicast })
            .Attribute(RouteAttributes.Gateway, gateway)
            .Attribute(RouteAttributes.OutputLink, linkIndex);
        return this;
    }

    /// <summary>As the other, through an interface behind which everything is reached without a gateway.</summary>
    public RtnetlinkChanges AddDefaultRoute(AddressFamily family, int linkIndex)
    {
        var isIPv6 = family == AddressFamily.InterNetworkV6;
        Request.Begin(RtnetlinkTypes.NewRoute, NetlinkFlags.Create | NetlinkFlags.Replace, $"add default route through interface {linkIndex}")
            .Append(new RouteHeader
            {
                Family = isIPv6 ? RouteHeader.FamilyIPv6 : (byte)AddressFamily.InterNetwork,
                Table = RouteHeader.MainTable,
                Protocol = RouteHeader.StaticProtocol,
                Scope = isIPv6 ? (byte)0 : RouteHeader.LinkScope,
                Type = RouteHeader.Unicast,
            })
            .Attribute(RouteAttributes.OutputLink, linkIndex);
        return this;
    }

    private static byte FamilyOf(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? RouteHeader.FamilyIPv6 : (byte)AddressFamily.InterNetwork;
}
