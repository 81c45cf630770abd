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

    /// <summary>The host's end of the veth pair; empty when the network has no interface.</summary>
    public string Link { get; init; } = "";

    /// <summary>The container's end, such as "eth0".</summary>
    public string InterfaceName { get; init; } = "";

    public string MacAddress { get; init; } = "";

    public IPAddress? IPv4Address { get; init; }

    public IPAddress? IPv6Address { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];
}

/// <summary>A published port, as it is on disk.</summary>
/// <param name="TargetAddress">The container's.</param>
internal sealed record PortRecord(string ContainerId, PublishedPort Port, IPAddress TargetAddress);
