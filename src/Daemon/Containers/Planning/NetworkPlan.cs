using Berth.Daemon.Networks;

namespace Berth.Daemon.Containers.Planning;

internal sealed record NetworkPlan
{
    /// <summary>"bridge", "host", "none", "container:x", or a network's name or id.</summary>
    public string Mode { get; init; } = "bridge";

    /// <summary>What is asked of the endpoint on the network of <see cref="Mode"/>.</summary>
    public EndpointRequest Endpoint { get; init; } = new();

    /// <summary>Further networks to join, by name or id.</summary>
    public IReadOnlyDictionary<string, EndpointRequest> FurtherEndpoints { get; init; } = new Dictionary<string, EndpointRequest>();

    public IReadOnlyList<PortRequest> Ports { get; init; } = [];

    public IReadOnlyList<ContainerPort> ExposedPorts { get; init; } = [];

    public IReadOnlyList<string> Dns { get; init; } = [];

    public IReadOnlyList<string> DnsOptions { get; init; } = [];

    public IReadOnlyList<string> DnsSearch { get; init; } = [];

    /// <summary>"name:address" each; the address may be "host-gateway".</summary>
    public IReadOnlyList<string> ExtraHosts { get; init; } = [];

    public bool IsHost => Mode == "host";

    /// <summary>Name or id of the container whose network is shared; null when it is not.</summary>
    public string? SharedWith => Mode.StartsWith("container:", StringComparison.Ordinal) ? Mode["container:".Length..] : null;
}
