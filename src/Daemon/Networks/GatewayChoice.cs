namespace Berth.Daemon.Networks;

/// <summary>
/// Which of a container's networks its default routes lead through, and with them its published ports: by address family, the
/// one with the highest priority, of equals the first by name.
/// </summary>
internal readonly record struct GatewayChoice(EndpointRecord? IPv4, EndpointRecord? IPv6)
{
    public static GatewayChoice Of(IEnumerable<(EndpointRecord Endpoint, NetworkRecord Network)> members)
    {
        var ordered = members.OrderByDescending(member => member.Endpoint.GatewayPriority).ThenBy(member => member.Network.Name, StringComparer.Ordinal).ToArray();
        return new GatewayChoice(
            ordered.FirstOrDefault(member => member.Endpoint.IPv4Address is not null && HasWayOut(member.Network, member.Network.GatewayModeIPv4)).Endpoint,
            ordered.FirstOrDefault(member => member.Endpoint.IPv6Address is not null && HasWayOut(member.Network, member.Network.GatewayModeIPv6)).Endpoint);
    }

    private static bool HasWayOut(NetworkRecord network, GatewayMode mode) => !network.Internal && mode != GatewayMode.Isolated;
}
