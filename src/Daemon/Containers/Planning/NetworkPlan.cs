using Berth.Daemon.Networks;

namespace Berth.Daemon.Containers.Planning;

internal sealed record NetworkPlan
{
    /// <summary>"bridge", "host", "none", "container:x", or a network's name or id.</summary>
    public string Mode { get; init; } = "bridge";

    /// <summary>The network of the container's first interface: that of <see cref="Mode"/>, unless the container has left it.</summary>
    public string Main { get; init; } = "bridge";

    /// <summary>What is asked of the endpoint on the network of <see cref="Main"/>.</summary>
    public EndpointRequest Endpoint { get; init; } = new();

    /// <summary>Further networks to join, by name, in the order of their interfaces.</summary>
    public IReadOnlyDictionary<string, EndpointRequest> FurtherEndpoints { get; init; } = new Dictionary<string, EndpointRequest>();

    public IReadOnlyList<PortRequest> Ports { get; init; } = [];

    public IReadOnlyList<ContainerPort> ExposedPorts { get; init; } = [];

    public IReadOnlyList<string> Dns { get; init; } = [];

    public IReadOnlyList<string> DnsOptions { get; init; } = [];

    public IReadOnlyList<string> DnsSearch { get; init; } = [];

    /// <summary>"name:address" each; the address may be "host-gateway".</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    /// <summary>Names of all networks that the container has a place on; none when it shares another's.</summary>
    public IEnumerable<string> Networks => SharedWith is null ? FurtherEndpoints.Keys.Prepend(Main) : [];

    /// <param name="network">One of <see cref="Networks"/>.</param>
    public EndpointRequest EndpointOn(string network) => network == Main ? Endpoint : FurtherEndpoints[network];

    public bool IsHost => Mode == "host";

    /// <summary>Name or id of the container whose network is shared; null when it is not.</summary>
    public string? SharedWith => Mode.StartsWith("container:", StringComparison.Ordinal) ? Mode["container:".Length..] : null;
}
