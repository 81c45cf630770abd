using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>A started container's place on a network, as it is on disk from before its first effect until after its last.</summary>
internal sealed record EndpointRecord
{
    public required string Id { get; init; }

    public required string ContainerId { get; init; }

    public required string ContainerName { get; init; }

    public required string NetworkId { get; init; }

    public required string SandboxId { get; init; }

    /// <summary>The inode of the container's network namespace, by which it is known again; 0 before there is one.</summary>
    public ulong Namespace { get; init; }

    /// <summary>Place among the container's interfaces: 0 for its first.</summary>
    public int Position { get; init; }

    /// <summary>The host's end of the veth pair; empty when the network has no interface.</summary>
    public string Link { get; init; } = "";

    /// <summary>The container's end, such as "eth0".</summary>
    public string InterfaceName { get; init; } = "";

    public string MacAddress { get; init; } = "";

    public IPAddress? IPv4Address { get; init; }

    public IPAddress? IPv6Address { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>The container's host name, when one was set; a name on the network like the aliases.</summary>
    public string? Hostname { get; init; }

    /// <summary>"container:alias" each.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    public int GatewayPriority { get; init; }

    public IReadOnlyDictionary<string, string> DriverOptions { get; init; } = new Dictionary<string, string>();

    public IReadOnlyList<string> LinkLocalAddresses { get; init; } = [];

    public NamedEndpoint Named(string containerName) => new(
        NetworkId, ContainerId, containerName, Hostname is null || Aliases.Contains(Hostname) ? Aliases : [.. Aliases, Hostname], Links, IPv4Address, IPv6Address);
}

/// <summary>A published port, as it is on disk.</summary>
/// <param name="TargetAddress">The container's.</param>
internal sealed record PortRecord(string ContainerId, PublishedPort Port, IPAddress TargetAddress);
