using System.Globalization;
using System.Net;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>
/// A network namespace ready to be joined. It lives as long as a process is in it or <see cref="Namespace"/> is open:
/// dispose of the attachment once the supervisor has said Launched (or has failed, beside <c>ReleaseAsync</c>).
/// </summary>
internal sealed class NetworkAttachment(SafeFileHandle netns, ContainerNetworking networking) : IDisposable
{
    public SafeFileHandle Namespace { get; } = netns;

    /// <summary>For the OCI configuration's {"type":"network","path":…}; valid until <see cref="Dispose"/>.</summary>
    public string NamespacePath { get; } = string.Create(CultureInfo.InvariantCulture, $"/proc/{Environment.ProcessId}/fd/{netns.DangerousGetHandle()}");

    public ContainerNetworking Networking { get; } = networking;

    public void Dispose() => Namespace.Dispose();
}

/// <summary>A running container's networks, as inspect and list show them.</summary>
/// <param name="SandboxId">64 hexadecimal digits; made anew at each start.</param>
internal sealed record ContainerNetworking(string SandboxId, IReadOnlyList<EndpointInfo> Endpoints, IReadOnlyList<PublishedPort> Ports);

/// <summary>A container's place on one network.</summary>
internal sealed record EndpointInfo
{
    public required string NetworkId { get; init; }

    public required string NetworkName { get; init; }

    public required string EndpointId { get; init; }

    /// <summary>In the container, such as "eth0"; empty on networks without one ("none").</summary>
    public string InterfaceName { get; init; } = "";

    public string MacAddress { get; init; } = "";

    public IPAddress? IPv4Address { get; init; }

    public int IPv4PrefixLength { get; init; }

    public IPAddress? IPv4Gateway { get; init; }

    public IPAddress? IPv6Address { get; init; }

    public int IPv6PrefixLength { get; init; }

    public IPAddress? IPv6Gateway { get; init; }

    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>"container:alias" each: names of others that this container alone knows.</summary>
    public IReadOnlyList<string> Links { get; init; } = [];

    /// <summary>All names that the network's name service answers for the container; empty where there is none.</summary>
    public IReadOnlyList<string> DnsNames { get; init; } = [];

    public int GatewayPriority { get; init; }
}

/// <summary>A container's port and the host's port that leads to it.</summary>
internal sealed record PublishedPort(ContainerPort Container, IPAddress HostAddress, ushort HostPort);
