using System.Globalization;
using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Hosting;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Berth.Daemon.Networks;

internal static class NetworkEndpoints
{
    public static void MapNetworks(this RouteGroupBuilder api)
    {
        api.MapGet("/networks", List);
        api.MapGet("/networks/{id}", Inspect);
        api.MapPost("/networks/create", CreateAsync);
        api.MapPost("/networks/prune", PruneAsync);
        api.MapPost("/networks/{id}/connect", ConnectAsync);
        api.MapPost("/networks/{id}/disconnect", DisconnectAsync);
        api.MapDelete("/networks/{id}", RemoveAsync);
    }

    private static Ok<List<NetworkInspect>> List(HttpRequest request, NetworkService networks)
    {
        var filters = Filters.Parse(request.Query, "dangling", "driver", "id", "label", "label!", "name", "scope", "type");
        if (filters.Get("type").FirstOrDefault(type => type is not ("builtin" or "custom")) is { } unknown)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter: 'type'='{unknown}': it is builtin or custom");
        }

        var dangling = filters.GetBool("dangling");
        var matching = networks.List().Where(network =>
            filters.Allows("driver", network.Driver)
            && filters.Allows("id", id => network.Id.StartsWith(id, StringComparison.Ordinal))
            && filters.Allows("name", name => network.Name.Contains(name, StringComparison.Ordinal))
            && filters.Allows("scope", "local")
            && filters.Allows("type", network.IsPredefined ? "builtin" : "custom")
            && filters.AllowsLabels(network.Labels)
            && (dangling is not { } wanted || wanted == (!network.IsPredefined && networks.EndpointsOf(network.Id).Count == 0)));
        return TypedResults.Ok(matching.Select(network => Wire(network, [])).ToList());
    }

    private static Ok<NetworkInspect> Inspect(string id, HttpRequest request, NetworkService networks)
    {
        if (request.Query.GetText("scope") is { } scope and not "local")
        {
            throw NetworkErrors.NotFound(id); // all networks of this engine are local
        }

        var network = networks.Resolve(id);
        return TypedResults.Ok(Wire(network, networks.EndpointsOn(network.Id)));
    }

    private static async Task<JsonHttpResult<NetworkCreateResponse>> CreateAsync(HttpContext context, NetworkService networks, CancellationToken ct)
    {
        var request = await context.Request.ReadRequiredJsonAsync(ApiJson.Default.NetworkCreateRequest, ct);
        var network = await networks.CreateAsync(request, ct);
        return TypedResults.Json(new NetworkCreateResponse { Id = network.Id, Warning = "" }, ApiJson.Wire.NetworkCreateResponse, statusCode: StatusCodes.Status201Created);
    }

    private static async Task<NoContent> RemoveAsync(string id, NetworkService networks, CancellationToken ct)
    {
        await networks.RemoveAsync(id, ct);
        return TypedResults.NoContent();
    }

    private static async Task<JsonHttpResult<NetworkPruneResponse>> PruneAsync(HttpContext context, NetworkService networks, TimeProvider clock, CancellationToken ct)
    {
        var filters = Filters.Parse(context.Request.Query, "label", "label!", "until");
        var until = PruneFilter.Until(filters, clock);
        var removed = await networks.PruneAsync(network => filters.AllowsLabels(network.Labels) && (until is null || network.Created < until), ct);
        return TypedResults.Json(new NetworkPruneResponse { NetworksDeleted = removed.Count == 0 ? null : [.. removed] }, ApiJson.Wire.NetworkPruneResponse);
    }

    private static async Task<Ok> ConnectAsync(string id, HttpContext context, ContainerConnections connections, CancellationToken ct)
    {
        await connections.ConnectAsync(id, await context.Request.ReadRequiredJsonAsync(ApiJson.Default.NetworkConnectRequest, ct), ct);
        return TypedResults.Ok();
    }

    private static async Task<Ok> DisconnectAsync(string id, HttpContext context, ContainerConnections connections, CancellationToken ct)
    {
        var request = await context.Request.ReadRequiredJsonAsync(ApiJson.Default.NetworkDisconnectRequest, ct);
        await connections.DisconnectAsync(id, request.Container, request.Force ?? false, ct);
        return TypedResults.Ok();
    }

    private static NetworkInspect Wire(NetworkRecord network, IReadOnlyList<(string ContainerId, string ContainerName, EndpointInfo Endpoint)> endpoints) => new()
    {
        Name = network.Name,
        Id = network.Id,
        Created = network.Created.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture),
        Scope = "local",
        Driver = network.Driver,
        EnableIPv4 = network.IPv4 is not null || !network.HasAddresses,
        EnableIPv6 = network.IPv6 is not null,
        IPAM = AddressManagement(network),
        Internal = network.Internal,
        Attachable = network.Attachable,
        Ingress = false,
        ConfigFrom = new ConfigReference { Network = "" },
        ConfigOnly = false,
        Containers = endpoints.ToDictionary(found => found.ContainerId, found => new NetworkContainer
        {
            Name = found.ContainerName,
            EndpointID = found.Endpoint.EndpointId,
            MacAddress = found.Endpoint.MacAddress,
            IPv4Address = found.Endpoint.IPv4Address is { } four ? $"{four}/{found.Endpoint.IPv4PrefixLength}" : "",
            IPv6Address = found.Endpoint.IPv6Address is { } six ? $"{six}/{found.Endpoint.IPv6PrefixLength}" : "",
        }),
        Options = OptionsOf(network),
        Labels = new Dictionary<string, string>(network.Labels),
    };

    private static Ipam AddressManagement(NetworkRecord network) => new()
    {
        Driver = network.HasAddresses || network.IsPredefined ? "default" : "null",
        Options = network.IsPredefined ? null : [],
        Config = network.Driver is NetworkDriver.Host or NetworkDriver.None ? null : [.. new[] { network.IPv4, network.IPv6 }.OfType<AddressPlan>().Select(plan => new IpamPool
        {
            Subnet = plan.Subnet.ToString(),
            Gateway = plan.Gateway.ToString(),
            IPRange = plan.Range == plan.Subnet ? null : plan.Range.ToString(),
            AuxiliaryAddresses = plan.Auxiliary.Count == 0 ? null : plan.Auxiliary.ToDictionary(entry => entry.Key, entry => entry.Value.ToString()),
        })],
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
                options["com.docker.network.driver.mtu"] = network.Mtu.ToString(CultureInfo.InvariantCulture);
            }
        }

        return options;
    }
}
