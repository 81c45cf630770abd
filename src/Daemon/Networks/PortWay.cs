using System.Net;
using System.Net.Sockets;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>One way to a container's port: where it is asked for, and where it leads.</summary>
/// <param name="HostAddress">An address of this host, or all of one family. The container's own address means that nothing is translated: the port is opened there.</param>
/// <param name="TargetAddress">The container's; of the other family it needs a relay.</param>
internal readonly record struct PortWay(IPAddress HostAddress, IPAddress TargetAddress)
{
    public bool IsOpenedOnly => HostAddress.Equals(TargetAddress);

    /// <summary>
    /// The ways that a request means, all with the same host port: without an address that is one for each family that the
    /// host has and the container can be reached by.
    /// </summary>
    /// <param name="four">Where the container's IPv4 traffic comes from outside; null when it has no such way.</param>
    /// <param name="six">The same for IPv6. One of the two is there.</param>
    /// <param name="hostHasIPv6">Without it [::] is left out where it was not asked for.</param>
    /// <exception cref="EngineException">InvalidArgument: a named address that leads nowhere.</exception>
    public static IReadOnlyList<PortWay> For(PortRequest request, PortTarget? four, PortTarget? six, IPAddress defaultAddress, bool hostHasIPv6)
    {
        var named = request.HostAddress ?? four?.Network.HostBinding ?? defaultAddress;
        if (request.HostAddress is not null || !named.Equals(IPAddress.Any))
        {
            return [One(request, named, four, six)];
        }

        var ways = new List<PortWay>();
        if (four is not null)
        {
            ways.Add(One(request, IPAddress.Any, four, six));
        }

        // To a container without IPv6 a relay leads, which knows streams and datagrams alone.
        var isRelayed = hostHasIPv6 && request.Container.Protocol != PortProtocol.Sctp && four?.Network.GatewayModeIPv4 != GatewayMode.Routed;
        if (six is not null || isRelayed)
        {
            ways.Add(One(request, IPAddress.IPv6Any, four, six));
        }

        return ways;
    }

    private static PortWay One(PortRequest request, IPAddress address, PortTarget? four, PortTarget? six)
    {
        var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
        if ((isIPv6 ? six : four) is { } target)
        {
            var mode = isIPv6 ? target.Network.GatewayModeIPv6 : target.Network.GatewayModeIPv4;
            return mode == GatewayMode.Routed ? new PortWay(target.Address, target.Address) : new PortWay(address, target.Address);
        }

        if (!isIPv6)
        {
            throw NetworkErrors.PortNeedsIPv4(address, six!.Network.Name);
        }

        return request.Container.Protocol == PortProtocol.Sctp
            ? throw NetworkErrors.PortNeedsIPv6(address, four!.Network.Name)
            : new PortWay(address, four!.Address);
    }
}

/// <summary>A container's address by which it is reached from outside.</summary>
internal sealed record PortTarget(IPAddress Address, NetworkRecord Network);
