using System.Globalization;
using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Api;

namespace Berth.Daemon.Containers.Queries;

/// <summary>A container's networks in the API's shapes: as they are while it runs, as they were asked for while it does not.</summary>
internal sealed class ContainerNetworks(NetworkService networks)
{
    public ContainerNetworking? Current(ContainerRecord container)
        => !container.IsLive ? null : container.Plan.Network.IsHost ? networks.DescribeHost() : networks.FindNetworking(container.Id);

    /// <summary>Whether a container at rest or running has a place on a network, given by name or the beginning of its id.</summary>
    public bool IsOn(ContainerRecord container, string network) => network.Length > 0
        && (container.Endpoints.ContainsKey(network) || container.Endpoints.Keys.Any(name => networks.Find(name)?.Id.StartsWith(network, StringComparison.Ordinal) == true));

    public Dictionary<string, EndpointSettings> Endpoints(ContainerRecord container, ContainerNetworking? current)
    {
        var endpoints = new Dictionary<string, EndpointSettings>(StringComparer.Ordinal);
        foreach (var endpoint in current?.Endpoints ?? [])
        {
            endpoints[endpoint.NetworkName] = Endpoint(endpoint, container.Endpoints.GetValueOrDefault(endpoint.NetworkName));
        }

        if (current is null)
        {
            foreach (var (name, asked) in container.Endpoints)
            {
                endpoints[name] = AtRest(container, networks.Find(name), asked);
            }
        }

        return endpoints;
    }

    public NetworkSettings Settings(ContainerRecord container, ContainerNetworking? current)
    {
        var bridge = current?.Endpoints.FirstOrDefault(endpoint => endpoint.NetworkName == "bridge");
        return new NetworkSettings
        {
            Bridge = "",
            SandboxID = current?.SandboxId ?? "",
            SandboxKey = "", // the namespace has no name in the file system: it lives with its processes
            Ports = Ports(container, current),
            HairpinMode = false,
            LinkLocalIPv6Address = "",
            LinkLocalIPv6PrefixLen = 0,
            SecondaryIPAddresses = null,
            SecondaryIPv6Addresses = null,
            EndpointID = bridge?.EndpointId ?? "",
            Gateway = Text(bridge?.IPv4Gateway),
            GlobalIPv6Address = Text(bridge?.IPv6Address),
            GlobalIPv6PrefixLen = bridge?.IPv6PrefixLength ?? 0,
            IPAddress = Text(bridge?.IPv4Address),
            IPPrefixLen = bridge?.IPv4PrefixLength ?? 0,
            IPv6Gateway = Text(bridge?.IPv6Gateway),
            MacAddress = bridge?.MacAddress ?? "",
            Networks = Endpoints(container, current),
        };
    }

    public static List<PortSummary> PortSummaries(ContainerRecord container, ContainerNetworking? current)
    {
        if (!container.IsLive)
        {
            return [];
        }

        var ports = (current?.Ports ?? []).Select(port => new PortSummary
        {
            IP = port.HostAddress.ToString(),
            PrivatePort = port.Container.Port,
            PublicPort = port.HostPort,
            Type = Protocol(port.Container),
        }).ToList();
        var published = (current?.Ports ?? []).Select(port => port.Container).ToHashSet();
        ports.AddRange(container.Plan.Network.ExposedPorts.Where(port => !published.Contains(port))
            .Select(port => new PortSummary { PrivatePort = port.Port, Type = Protocol(port) }));
        return ports;
    }

    private static Dictionary<string, List<PortBinding>?> Ports(ContainerRecord container, ContainerNetworking? current)
    {
        var ports = new Dictionary<string, List<PortBinding>?>(StringComparer.Ordinal);
        if (current is null)
        {
            return ports;
        }

        foreach (var exposed in container.Plan.Network.ExposedPorts)
        {
            ports[exposed.ToString()] = null;
        }

        foreach (var port in current.Ports)
        {
            var key = port.Container.ToString();
            var bindings = ports.GetValueOrDefault(key) ?? [];
            bindings.Add(new PortBinding { HostIp = port.HostAddress.ToString(), HostPort = port.HostPort.ToString(CultureInfo.InvariantCulture) });
            ports[key] = bindings;
        }

        return ports;
    }

    private static string Protocol(ContainerPort port) => port.Protocol.Name();

    private static EndpointSettings Endpoint(EndpointInfo endpoint, EndpointSettings? asked) => new()
    {
        IPAMConfig = asked?.IPAMConfig,
        Links = NullIfEmpty(asked?.Links),
        Aliases = NullIfEmpty(asked?.Aliases),
        MacAddress = endpoint.MacAddress,
        DriverOpts = asked?.DriverOpts,
        GwPriority = asked?.GwPriority ?? 0,
        NetworkID = endpoint.NetworkId,
        EndpointID = endpoint.EndpointId,
        Gateway = Text(endpoint.IPv4Gateway),
        IPAddress = Text(endpoint.IPv4Address),
        IPPrefixLen = endpoint.IPv4PrefixLength,
        IPv6Gateway = Text(endpoint.IPv6Gateway),
        GlobalIPv6Address = Text(endpoint.IPv6Address),
        GlobalIPv6PrefixLen = endpoint.IPv6PrefixLength,
        DNSNames = endpoint.DnsNames.Count == 0 ? null : [.. endpoint.DnsNames],
    };

    private static EndpointSettings AtRest(ContainerRecord container, NetworkRecord? network, EndpointSettings asked) => new()
    {
        IPAMConfig = asked.IPAMConfig,
        Links = NullIfEmpty(asked.Links),
        Aliases = NullIfEmpty(asked.Aliases),
        MacAddress = asked.MacAddress ?? "",
        DriverOpts = asked.DriverOpts,
        GwPriority = asked.GwPriority ?? 0,
        NetworkID = network?.Id ?? "", // of a network that has been removed nothing but the name is known
        EndpointID = "",
        Gateway = "",
        IPAddress = "",
        IPPrefixLen = 0,
        IPv6Gateway = "",
        GlobalIPv6Address = "",
        GlobalIPv6PrefixLen = 0,
        DNSNames = network is { HasNames: true } && container.StartedAt is not null
            ? [.. DnsNames.Of(container.Name, container.Id, asked.Aliases ?? [], container.Plan.Namespaces.Hostname)]
            : null,
    };

    private static List<string>? NullIfEmpty(List<string>? list) => list is { Count: > 0 } ? list : null;

    private static string Text(IPAddress? address) => address?.ToString() ?? "";
}
