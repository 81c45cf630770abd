using System.Net;

namespace Berth.Shared.Linux.Netlink;

/// <summary>A network interface.</summary>
/// <param name="Kind">"bridge", "veth", …; empty for hardware.</param>
/// <param name="Master">Index of the bridge it is a port of; 0 for none.</param>
public sealed record LinkInfo(int Index, string Name, string Kind, int Master, bool IsUp, int Mtu, byte[] HardwareAddress)
{
    /// <summary>The remark that somebody left on it; empty for none.</summary>
    public string Alias { get; init; } = "";

    /// <summary>It carries packets: its other end is up, and the kernel has told those who wait for that, such as its bridge.</summary>
    public bool IsRunning { get; init; }
}

/// <summary>An address of an interface.</summary>
public sealed record LinkAddress(int LinkIndex, IPAddress Address, int PrefixLength);

/// <summary>A route of the host, in whatever table.</summary>
/// <param name="Destination">The network; with prefix length 0 the default route.</param>
/// <param name="LinkIndex">The interface it leaves by; 0 when it has none or several.</param>
public sealed record RouteInfo(IPAddress Destination, int PrefixLength, int LinkIndex, uint Table);
