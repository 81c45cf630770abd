using System.Runtime.InteropServices;

namespace Berth.Shared.Linux.Netlink;

// <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>, <linux/if_bridge.h>: the numbers that Berth uses.

internal static class RtnetlinkTypes
{
    internal const ushort NewLink = 16, DeleteLink = 17, GetLink = 18, SetLink = 19;
    internal const ushort NewAddress = 20, DeleteAddress = 21, GetAddress = 22;
    internal const ushort NewRoute = 24, DeleteRoute = 25, GetRoute = 26;
}

internal static class LinkAttributes
{
    internal const ushort HardwareAddress = 1, Name = 3, Mtu = 4, Link = 5, Master = 10, ProtocolInfo = 12, Info = 18, Alias = 20, AddressFamilySpec = 26, NamespaceFd = 28;
    internal const ushort InfoKind = 1, InfoData = 2;
    internal const ushort VethPeer = 1;
    internal const ushort VlanId = 1;
    internal const ushort MacvlanMode = 1;
    internal const ushort IpvlanMode = 1, IpvlanFlags = 2;
    internal const ushort BridgeCallsIPv4Filters = 36, BridgeCallsIPv6Filters = 37;
    internal const ushort BridgePortHairpin = 4, BridgePortIsolated = 33;
    internal const ushort IPv6AddressGenerationMode = 8;
    internal const byte NoGeneratedAddress = 1;
}

/// <summary>MACVLAN_MODE_*.</summary>
public enum MacvlanMode : uint
{
    /// <summary>The interfaces don't reach each other.</summary>
    Private = 1,

    /// <summary>They reach each other by way of a switch outside that sends frames back.</summary>
    Vepa = 2,

    /// <summary>They reach each other here.</summary>
    Bridge = 4,

    /// <summary>One only, which takes the parent over.</summary>
    Passthru = 8,
}

/// <summary>IPVLAN_MODE_*.</summary>
public enum IpvlanMode : ushort
{
    L2 = 0,
    L3 = 1,
    L3S = 2,
}

/// <summary>IPVLAN_F_*.</summary>
public enum IpvlanFlag : ushort
{
    Bridge = 0,
    Private = 1,
    Vepa = 2,
}

internal static class AddressAttributes
{
    internal const ushort Address = 1, Local = 2, Broadcast = 4, Flags = 8;
    internal const uint NoDuplicateDetection = 2;
}

internal static class RouteAttributes
{
    internal const ushort Destination = 1, OutputLink = 4, Gateway = 5, Table = 15;
}

/// <summary>struct ifinfomsg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct LinkHeader
{
    internal const uint Up = 1, Running = 0x40;

    internal byte Family;
    internal byte Padding;
    internal ushort Type;
    internal int Index;
    internal uint Flags;
    internal uint Change;
}

/// <summary>struct ifaddrmsg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct AddressHeader
{
    internal byte Family;
    internal byte PrefixLength;
    internal byte Flags;
    internal byte Scope;
    internal uint LinkIndex;
}

/// <summary>struct rtmsg.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RouteHeader
{
    internal const byte FamilyIPv6 = 10; // AddressFamily.InterNetworkV6 has Windows' number
    internal const byte MainTable = 254, StaticProtocol = 4, Unicast = 1, LinkScope = 253;

    internal byte Family;
    internal byte DestinationLength;
    internal byte SourceLength;
    internal byte TypeOfService;
    internal byte Table;
    internal byte Protocol;
    internal byte Scope;
    internal byte Type;
    internal uint Flags;
}
