using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>What the firewall must know of a bridge network.</summary>
internal sealed record FirewallNetwork(string Bridge, IPNetwork? IPv4, IPNetwork? IPv6, bool Internal, bool InterContainerCommunication, bool Masquerade)
{
    public GatewayMode GatewayModeIPv4 { get; init; }

    public GatewayMode GatewayModeIPv6 { get; init; }

    public static FirewallNetwork From(NetworkRecord network) => new(
        network.Bridge!, network.IPv4?.Subnet, network.IPv6?.Subnet, network.Internal, network.InterContainerCommunication, network.Masquerade)
    {
        GatewayModeIPv4 = network.GatewayModeIPv4,
        GatewayModeIPv6 = network.GatewayModeIPv6,
    };
}

/// <summary>One published port: one element of one map.</summary>
internal readonly record struct FirewallPort(PortProtocol Protocol, IPAddress HostAddress, ushort HostPort, IPAddress TargetAddress, ushort TargetPort)
{
    /// <summary>Nothing is translated: the port is opened at the container's own address, as gateway mode "routed" wants it.</summary>
    public bool IsOpenedOnly => HostAddress.Equals(TargetAddress);

    /// <summary>False: the kernel translates no address to one of the other family, so that a relay has to; nor ::1, see <see cref="PortRelays"/>.</summary>
    public bool IsInKernel => HostAddress.AddressFamily == TargetAddress.AddressFamily && !HostAddress.Equals(IPAddress.IPv6Loopback);

    public static FirewallPort From(PortRecord port) => new(
        port.Port.Container.Protocol, port.Port.HostAddress, port.Port.HostPort, port.TargetAddress, port.Port.Container.Port);
}
