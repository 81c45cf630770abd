using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>A network with its addresses in use. Guarded by the service's gate.</summary>
internal sealed class NetworkCell(NetworkRecord record)
{
    public NetworkRecord Record { get; } = record;

    public AddressPool? IPv4 { get; } = PoolOf(record.IPv4);

    public AddressPool? IPv6 { get; } = PoolOf(record.IPv6);

    /// <summary>The bridge's interface index; 0 when the network has none.</summary>
    public int BridgeIndex { get; set; }

    public bool HasBridge => Record.Bridge is not null;

    public void TakeAddressesOf(EndpointRecord endpoint)
    {
        if (endpoint.IPv4Address is { } four)
        {
            IPv4?.TryTake(four);
        }

        if (endpoint.IPv6Address is { } six)
        {
            IPv6?.TryTake(six);
        }
    }

    public void GiveBackAddressesOf(EndpointRecord endpoint)
    {
        if (endpoint.IPv4Address is { } four)
        {
            IPv4?.GiveBack(four);
        }

        if (endpoint.IPv6Address is { } six)
        {
            IPv6?.GiveBack(six);
        }
    }

    private static AddressPool? PoolOf(AddressPlan? plan) => plan is null ? null : new AddressPool(plan.Subnet, plan.Range, [plan.Gateway]);
}
