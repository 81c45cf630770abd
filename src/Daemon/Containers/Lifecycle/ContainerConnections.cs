using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Hosting;
using Berth.Daemon.Networks;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>
/// Puts containers on networks and takes them off: in the record, which the next start goes by, and when they run, at once. A network that a
/// running container is on and its record does not name is one that a death of the daemon cut off half-way: recovery takes it back.
/// </summary>
internal sealed class ContainerConnections(ContainerIndex containers, NetworkService networks, InForce<EngineFacts> facts)
{
    /// <exception cref="EngineException">
    /// NotFound: network or container. InvalidArgument: what is asked for can't be had on this network, or of this container. Forbidden: it is connected already.
    /// </exception>
    public async Task ConnectAsync(string networkIdOrName, NetworkConnectRequest request, CancellationToken ct)
    {
        var network = networks.Resolve(networkIdOrName);
        var cell = containers.Resolve(Required(request.Container));
        using var turn = await cell.EnterAsync(ct);
        var container = turn.Record;
        RefuseConnect(container, network);
        RequestedEndpoints.Check(network.Name, request.EndpointConfig);
        var next = Replanned(container, new Dictionary<string, EndpointSettings>(container.Endpoints, StringComparer.Ordinal)
        {
            [network.Name] = request.EndpointConfig ?? new EndpointSettings(),
        });
        if (container.State.LivePid is not { } pid)
        {
            turn.SaveConfiguration(next);
            return;
        }

        await networks.ConnectAsync(Request(next, network), pid, ct);
        try
        {
            turn.SaveConfiguration(next);
        }
        catch
        {
            await networks.DisconnectAsync(container.Id, network.Id, pid, container.Plan.Network.Ports);
            throw;
        }
    }

    /// <param name="force">Accepted: there is nothing that only force would do.</param>
    /// <exception cref="EngineException">NotFound: network or container. Forbidden: it is not connected.</exception>
    public async Task DisconnectAsync(string networkIdOrName, string? idOrName, bool force, CancellationToken ct)
    {
        var network = networks.Resolve(networkIdOrName);
        var cell = containers.Resolve(Required(idOrName));
        using var turn = await cell.EnterAsync(ct);
        var container = turn.Record;
        if (container.Plan.Network.IsHost || network.Driver == NetworkDriver.Host)
        {
            throw NetworkErrors.DisconnectFromHost();
        }

        var endpoints = new Dictionary<string, EndpointSettings>(container.Endpoints, StringComparer.Ordinal);
        if (!endpoints.Remove(network.Name))
        {
            throw NetworkErrors.NotConnected(container.Id, network.Name);
        }

        // The record first: from here on it goes through, by this daemon or the next.
        turn.SaveConfiguration(Replanned(container, endpoints));
        if (container.State.LivePid is { } pid && networks.NetworksOf(container.Id).Any(on => on.Id == network.Id))
        {
            await networks.DisconnectAsync(container.Id, network.Id, pid, turn.Record.Plan.Network.Ports);
        }
    }

    /// <summary>Makes a running container's networks agree with its record; to be called when the networks are restored.</summary>
    public async Task RecoverAsync(ContainerCell cell)
    {
        using var turn = await cell.EnterAsync(CancellationToken.None);
        if (turn.Record.State.LivePid is not { } pid)
        {
            return;
        }

        var wanted = turn.Record.Plan.Network.Networks.ToHashSet(StringComparer.Ordinal);
        foreach (var network in networks.NetworksOf(cell.Id).Where(network => !wanted.Contains(network.Name)))
        {
            await networks.DisconnectAsync(cell.Id, network.Id, pid, turn.Record.Plan.Network.Ports);
        }
    }

    private static string Required(string? container) => string.IsNullOrEmpty(container)
        ? throw new EngineException(ErrorKind.InvalidArgument, "invalid Container \"\": the name or id of a container is needed")
        : container;

    private static void RefuseConnect(ContainerRecord container, NetworkRecord network)
    {
        if (container.IsBeingRemoved)
        {
            throw new EngineException(ErrorKind.Conflict, $"container {container.Id} is marked for removal and cannot be connected or disconnected to the network {network.Name}");
        }

        if (container.Plan.Network.SharedWith is not null || container.Plan.Network.IsHost)
        {
            throw NetworkErrors.SharedMode();
        }

        if (network.Driver == NetworkDriver.Host)
        {
            throw NetworkErrors.ConnectToHost();
        }

        if (container.Endpoints.ContainsKey(network.Name))
        {
            throw NetworkErrors.AlreadyConnected(container.Name, network.Name);
        }

        if (container.Endpoints.Count > 0 && (network.Driver == NetworkDriver.None || container.Endpoints.ContainsKey("none")))
        {
            throw NetworkErrors.NoneMode();
        }
    }

    private ContainerRecord Replanned(ContainerRecord container, Dictionary<string, EndpointSettings> endpoints) => container with
    {
        Endpoints = endpoints,
        Plan = ContainerPlanner.Plan(container.Config, container.HostConfig, endpoints, facts.Value.ForKnownContainers()).Plan,
    };

    private static NetworkAttachRequest Request(ContainerRecord container, NetworkRecord network) => new()
    {
        ContainerId = container.Id,
        Name = container.Name,
        Hostname = container.Plan.Namespaces.Hostname,
        NetworkMode = network.Name,
        Endpoint = container.Plan.Network.EndpointOn(network.Name),
        Ports = container.Plan.Network.Ports,
    };
}
