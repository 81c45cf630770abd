using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>A running container's place on a network, by the names that its neighbours know it under.</summary>
/// <param name="ContainerId">64 digits; the first twelve are a name too.</param>
/// <param name="Aliases">Further names: those given for this network, and the host name when one was set.</param>
/// <param name="Links">"container:alias" each: names of others that this container alone knows.</param>
internal sealed record NamedEndpoint(
    string NetworkId, string ContainerId, string ContainerName, IReadOnlyList<string> Aliases, IReadOnlyList<string> Links, IPAddress? IPv4, IPAddress? IPv6);
