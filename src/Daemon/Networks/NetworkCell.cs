using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>A network with the running containers on it and its addresses in use. Guarded by the service's gate.</summary>
internal sealed class NetworkCell(NetworkRecord record)
{
    private readonly Dictionary<string, (EndpointRecord Endpoint, string ContainerName)> _endpoints = [];
    private NamedEndpoint[]? _names;

    public NetworkRecord Record { get; set; } = record;

    public AddressPool? IPv4 { get; } = PoolOf(record.IPv4);

    public AddressPool? IPv6 { get; } = PoolOf(record.IPv6);

    /// <summary>The bridge's interface index; 0 when the network has none.</summary>
    public int BridgeIndex { get; set; }

    public bool HasBridge => Record.Bridge is not null;

    /// <summary>Containers on it get an interface and addresses.</summary>
    public bool HasInterfaces => Record.Driver is NetworkDriver.Bridge or NetworkDriver.Macvlan or NetworkDriver.Ipvlan;

    /// <summary>Endpoints that are being made, or whose interfaces are not gone yet: the network must not be removed under them.</summary>
    public int InTransit { get; set; }

    public IReadOnlyCollection<(EndpointRecord Endpoint, string ContainerName)> Endpoints => _endpoints.Values;

    /// <summary>The same as names and addresses; a new array after each change, so that it may be read without the gate.</summary>
    public NamedEndpoint[] Names => _names ??= [.. _endpoints.Values.Select(member => member.Endpoint.Named(member.ContainerName))];

    /// <summary>Adds the endpoint, or replaces the container's.</summary>
    public void Put(EndpointRecord endpoint, string containerName)
    {
        _endpoints[endpoint.ContainerId] = (endpoint, containerName);
        _names = null;
    }

    public void Remove(string containerId)
    {
        _endpoints.Remove(containerId);
        _names = null;
    }

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

    private static AddressPool? PoolOf(AddressPlan? plan)
        => plan is null ? null : new AddressPool(plan.Subnet, plan.Range, plan.Auxiliary.Values.Append(plan.Gateway));
}
