using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Networks;

internal static class NetworkEndpoints
{
    public static void MapNetworks(this RouteGroupBuilder api)
    {
        api.MapGet("/networks", List);
        api.MapGet("/networks/{id}", Inspect);
    }

    private static Ok<List<NetworkInspect>> List(HttpRequest request, NetworkService networks)
    {
        var filters = Filters.Parse(request.Query, "dangling", "driver", "id", "label", "name", "scope", "type");
        var dangling = filters.GetBool("dangling");
        var matching = networks.List().Where(network =>
            filters.Allows("driver", network.Driver)
            && filters.Allows("id", id => network.Id.StartsWith(id, StringComparison.Ordinal))
            && filters.Allows("name", name => network.Name.Contains(name, StringComparison.Ordinal))
            && filters.Allows("scope", "local")
            && filters.Allows("type", network.IsPredefined ? "builtin" : "custom")
            && filters.AllowsLabels(network.Labels)
            && (dangling is not { } wanted || wanted == (!network.IsPredefined && networks.EndpointsOn(network.Id).Count == 0)));
        return TypedResults.Ok(matching.Select(network => Wire(network, networks, withContainers: false)).ToList());
    }

    private static Ok<NetworkInspect> Inspect(string id, NetworkService networks)
        => TypedResults.Ok(Wire(networks.Resolve(id), networks, withContainers: true));

    private static NetworkInspect Wire(NetworkRecord network, NetworkService networks, bool withContainers) => new()
    {
        Name = network.Name,
        Id = network.Id,
        Created = network.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", System.Globalization.CultureInfo.InvariantCulture),
        Scope = "local",
        Driver = network.Driver,
        EnableIPv4 = network.Driver != NetworkDriver.Bridge || network.IPv4 is not null,
        EnableIPv6 = network.IPv6 is not null,
        IPAM = new Ipam
        {
            Driver = "default",
            Options = null,
            Config = [.. new[] { network.IPv4, network.IPv6 }.OfType<AddressPlan>().Select(plan => new IpamPool
            {
                Subnet = plan.Subnet.ToString(),
                Gateway = plan.Gateway.ToString(),
                IPRange = plan.Range == plan.Subnet ? null : plan.Range.ToString(),
            })],
        },
        Internal = network.Internal,
        Attachable = false,
        Ingress = false,
        ConfigFrom = new ConfigReference { Network = "" },
        ConfigOnly = false,
        Containers = withContainers
            ? networks.EndpointsOn(network.Id).ToDictionary(found => found.ContainerId, found => new NetworkContainer
            {
                Name = found.ContainerName,
                EndpointID = found.Endpoint.EndpointId,
                MacAddress = found.Endpoint.MacAddress,
                IPv4Address = found.Endpoint.IPv4Address is { } four ? $"{four}/{found.Endpoint.IPv4PrefixLength}" : "",
                IPv6Address = found.Endpoint.IPv6Address is { } six ? $"{six}/{found.Endpoint.IPv6PrefixLength}" : "",
            })
            : [],
        Options = OptionsOf(network),
        Labels = new Dictionary<string, string>(network.Labels),
    };

    // The default network's options are the daemon's; Docker shows them by these names, and clients look for the bridge's there.
    private static Dictionary<string, string> OptionsOf(NetworkRecord network)
    {
        var options = new Dictionary<string, string>(network.Options);
        if (network.IsDefault)
        {
            options["com.docker.network.bridge.default_bridge"] = "true";
            options["com.docker.network.bridge.enable_icc"] = network.InterContainerCommunication ? "true" : "false";
            options["com.docker.network.bridge.enable_ip_masquerade"] = network.Masquerade ? "true" : "false";
            options["com.docker.network.bridge.host_binding_ipv4"] = "0.0.0.0";
            options["com.docker.network.bridge.name"] = network.Bridge!;
            if (network.Mtu != 0)
            {
                options["com.docker.network.driver.mtu"] = network.Mtu.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }
        }

        return options;
    }
}
