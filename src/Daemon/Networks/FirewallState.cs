using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>What the firewall must know of a bridge network.</summary>
internal sealed record FirewallNetwork(string Bridge, IPNetwork? IPv4, IPNetwork? IPv6, bool Internal, bool InterContainerCommunication, bool Masquerade)
{
    public static FirewallNetwork From(NetworkRecord network) => new(
        network.Bridge!, network.IPv4?.Subnet, network.IPv6?.Subnet, network.Internal, network.InterContainerCommunication, network.Masquerade);
}

/// <summary>One published port: one element of one map.</summary>
internal readonly record struct FirewallPort(PortProtocol Protocol, IPAddress HostAddress, ushort HostPort, IPAddress TargetAddress, ushort TargetPort)
{
    public static FirewallPort From(PortRecord port) => new(
        port.Port.Container.Protocol, port.Port.HostAddress, port.Port.HostPort, port.TargetAddress, port.Port.Container.Port);
}
