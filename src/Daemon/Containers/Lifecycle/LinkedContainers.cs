using System.Globalization;
using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Links on the default network: what a container is told, by variables, of those that it is linked to.</summary>
internal sealed class LinkedContainers(ContainerIndex containers, NetworkService networks)
{
    // A program's own, which mean nothing to another.
    private static readonly string[] NotTold = ["HOME", "PATH"];

    /// <exception cref="EngineException">Conflict: a linked container does not run on the default network.</exception>
    public IReadOnlyList<string> Environment(ContainerRecord container)
    {
        var network = container.Plan.Network;
        if (network.Mode != NetworkRecord.DefaultName || network.Endpoint.Links.Count == 0)
        {
            return [];
        }

        return [.. ContainerLinks.Resolve(network.Endpoint.Links, containers).SelectMany(link => Variables(container, link, AddressOf(container, link)))];
    }

    private IPAddress AddressOf(ContainerRecord container, ContainerLink link)
    {
        var alias = $"/{container.Name}/{link.Alias}";
        if (!link.Container.IsLive || networks.FindNetworking(link.Container.Id) is not { } networking)
        {
            throw new EngineException(ErrorKind.Conflict, $"Cannot link to a non running container: /{link.Container.Name} AS {alias}");
        }

        var endpoint = networking.Endpoints.FirstOrDefault(candidate => candidate.NetworkName == NetworkRecord.DefaultName);
        return endpoint?.IPv4Address ?? endpoint?.IPv6Address
            ?? throw new EngineException(ErrorKind.Conflict, $"Cannot link to /{link.Container.Name}, as it does not belong to the default network");
    }

    private static IEnumerable<string> Variables(ContainerRecord container, ContainerLink link, IPAddress address)
    {
        var prefix = link.Alias.ToUpperInvariant().Replace('-', '_');
        var host = Subnets.Bits(address) == 128 ? $"[{address}]" : address.ToString();
        var ports = link.Container.Plan.Network.ExposedPorts.OrderBy(port => port.Port).ThenBy(port => port.Protocol).ToArray();
        if (ports.Length > 0)
        {
            yield return $"{prefix}_PORT={Url(ports[0])}";
        }

        foreach (var port in ports)
        {
            var number = port.Port.ToString(CultureInfo.InvariantCulture);
            var name = $"{prefix}_PORT_{number}_{Protocol(port).ToUpperInvariant()}";
            yield return $"{name}={Url(port)}";
            yield return $"{name}_ADDR={address}";
            yield return $"{name}_PORT={number}";
            yield return $"{name}_PROTO={Protocol(port)}";
        }

        yield return $"{prefix}_NAME=/{container.Name}/{link.Alias}";
        foreach (var variable in link.Container.Plan.Process.Environment.Where(variable => !NotTold.Contains(variable.Split('=')[0])))
        {
            yield return $"{prefix}_ENV_{variable}";
        }

        string Url(ContainerPort port) => string.Create(CultureInfo.InvariantCulture, $"{Protocol(port)}://{host}:{port.Port}");
    }

    private static string Protocol(ContainerPort port) => port.Protocol == PortProtocol.Udp ? "udp" : "tcp";
}
