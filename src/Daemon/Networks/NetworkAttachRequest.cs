using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>What a container that is being started needs of the network. Modes "host" and "container:x" need nothing and never get here.</summary>
internal sealed record NetworkAttachRequest
{
    public required string ContainerId { get; init; }

    /// <summary>Without the slash; used in messages and, on networks with a name service, as a name.</summary>
    public required string Name { get; init; }

    /// <summary>The host name that the user set, a name on the networks too; null when it is made from the id.</summary>
    public string? Hostname { get; init; }

    /// <summary>"default", "bridge", "none", or a network's name or id.</summary>
    public string NetworkMode { get; init; } = "default";

    /// <summary>What is asked of the endpoint on the network of <see cref="NetworkMode"/>.</summary>
    public EndpointRequest Endpoint { get; init; } = new();

    /// <summary>Further networks, by name or id.</summary>
    public IReadOnlyDictionary<string, EndpointRequest> FurtherEndpoints { get; init; } = new Dictionary<string, EndpointRequest>();

    /// <summary>A namespace that is there already, to be used in place of one that is made; stays the caller's.</summary>
    public SafeFileHandle? Namespace { get; init; }

    /// <summary>From <see cref="PortRequest.Parse"/>.</summary>
    public IReadOnlyList<PortRequest> Ports { get; init; } = [];
}

internal sealed record EndpointRequest
{
    /// <summary>A fixed address; null: any free one.</summary>
    public string? IPv4Address { get; init; }

    public string? IPv6Address { get; init; }

    /// <summary>As "02:42:ac:11:00:02"; null: one is made from the address.</summary>
    public string? MacAddress { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>"container:alias" each: names of other containers on this network that this container alone knows.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    /// <summary>Of several networks the default route leads through the one with the highest.</summary>
    public int GatewayPriority { get; init; }

    /// <summary>Such as "com.docker.network.endpoint.ifname" and "com.docker.network.endpoint.sysctls".</summary>
    public IReadOnlyDictionary<string, string> DriverOptions { get; init; } = new Dictionary<string, string>();

    /// <summary>Further addresses of link-local range, without prefix.</summary>
    public IReadOnlyList<string> LinkLocalAddresses { get; init; } = [];
}
