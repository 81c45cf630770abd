using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;

namespace Berth.Daemon.Networks;

// Containers that run come to networks and leave them here. The caller holds the container's turn.
internal sealed partial class NetworkService
{
    /// <summary>Gives a running container an interface on a further network.</summary>
    /// <param name="request">Of its network only <see cref="NetworkAttachRequest.NetworkMode"/> and <see cref="NetworkAttachRequest.Endpoint"/> count; all of its ports.</param>
    /// <param name="pid">One of the container's processes.</param>
    /// <exception cref="EngineException">As of <see cref="AttachAsync"/>; Forbidden: it is on the network already; Conflict: the container has ended.</exception>
    public async Task ConnectAsync(NetworkAttachRequest request, int pid, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var attached = FindAttached(request.ContainerId) ?? new Attached(request.ContainerId, request.Name, NewId());
        var network = Resolve(IsDefaultMode(request.NetworkMode) ? NetworkRecord.DefaultName : request.NetworkMode);
        if (attached.Endpoints.Any(endpoint => endpoint.NetworkId == network.Id))
        {
            throw NetworkErrors.AlreadyConnected(attached.ContainerName, network.Name);
        }

        using var sandbox = await Sandboxes.OpenAsync(OpenNamespace(attached, pid));
        attached.Namespace = FileIdentity.Of(sandbox.Namespace).Inode;
        EndpointRecord endpoint;
        lock (_gate)
        {
            endpoint = PlanEndpoint(request, attached.SandboxId, attached.Endpoints, network.Id, request.Endpoint);
        }

        endpoint = endpoint with { Namespace = attached.Namespace, Link = endpoint.InterfaceName.Length == 0 ? "" : NewLinkName() };
        var before = attached.Endpoints;
        var plugged = false;
        try
        {
            _store.Add([endpoint], []);
            if (endpoint.Link.Length > 0)
            {
                var index = await AddLinkAsync(sandbox, endpoint);
                plugged = true;
                await ConfigureAsync(sandbox, index, endpoint, [.. before, endpoint]);
            }

            Join(attached, endpoint);
        }
        catch
        {
            // Not plugged, an interface of that name would be the container's own.
            await UnplugHalfMadeAsync(plugged ? sandbox : null, endpoint, before);
            throw;
        }

        try
        {
            await MovePortsAsync(attached, request.Ports);
        }
        catch
        {
            await PartAsync(attached, endpoint, sandbox);
            throw;
        }

        await ObserveChangeAsync(attached, endpoint, sandbox);
        PublishEvent("connect", network, attached.ContainerId);
    }

    /// <summary>Takes a running container off a network: its names, its published ports there, its interface, in this order.</summary>
    /// <param name="ports">All that the container publishes, for where they go now.</param>
    /// <exception cref="EngineException">Forbidden: it is not on the network.</exception>
    public async Task DisconnectAsync(string containerId, string networkId, int pid, IReadOnlyList<PortRequest> ports)
    {
        var attached = FindAttached(containerId);
        var network = Find(networkId);
        var endpoint = attached?.Endpoints.FirstOrDefault(candidate => candidate.NetworkId == networkId);
        if (attached is null || endpoint is null || network is null)
        {
            throw NetworkErrors.NotConnected(containerId, network?.Name ?? networkId);
        }

        using var sandbox = await TryOpenAsync(attached, pid);
        await PartAsync(attached, endpoint, sandbox, ports);
        await ObserveChangeAsync(attached, endpoint, sandbox);
        PublishEvent("disconnect", network, containerId);
    }

    private async Task ObserveChangeAsync(Attached attached, EndpointRecord endpoint, Sandbox? sandbox)
    {
        if (Observer is not { } observer)
        {
            return;
        }

        observer.EndpointsChanged(endpoint.NetworkId);
        if (sandbox is not null)
        {
            // No token: the change is made, and the container's files follow it whether or not the client waits.
            await observer.NetworksChangedAsync(new AttachedSandbox(attached.ContainerId, sandbox.Namespace, NetworksOf(attached.ContainerId)), CancellationToken.None);
        }
    }

    private async Task ConfigureAsync(Sandbox sandbox, int index, EndpointRecord endpoint, IReadOnlyList<EndpointRecord> all)
    {
        // The namespace may have been made for IPv4 alone, or for both.
        await Sandboxes.RunInsideAsync(sandbox.Namespace, () => ApplySettings(endpoint));
        var inside = new RtnetlinkChanges();
        Configure(inside, index, endpoint, RecordOf(endpoint), GatewaysOf(all));
        sandbox.Inside.Apply(inside);
        await SettleAsync(endpoint);
    }

    /// <summary>
    /// A bridge takes a new port into use a moment after both ends are up. A packet before that is lost, and with it the second until it is sent
    /// again: whoever is told of the connection may use it.
    /// </summary>
    private async Task SettleAsync(EndpointRecord endpoint)
    {
        const int attempts = 50;
        for (var attempt = 0; attempt < attempts && await Host.RunAsync(host => host.IsSettling(endpoint.Link)); attempt++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(2), CancellationToken.None);
        }
    }

    private void Join(Attached attached, EndpointRecord endpoint)
    {
        lock (_gate)
        {
            attached.Endpoints = [.. attached.Endpoints, endpoint];
            _attached[attached.ContainerId] = attached;
            var cell = _networks[endpoint.NetworkId];
            cell.Put(endpoint, attached.ContainerName);
            cell.InTransit--;
        }
    }

    private async Task UnplugHalfMadeAsync(Sandbox? sandbox, EndpointRecord endpoint, IReadOnlyList<EndpointRecord> left)
    {
        try
        {
            if (sandbox is not null)
            {
                await UnplugAsync(sandbox, endpoint, left);
            }

            await RemoveEndpointsAsync([endpoint]);
        }
        catch (Exception error) when (error is IOException or EngineException or Microsoft.Data.Sqlite.SqliteException)
        {
            _log.LinkNotRemoved(endpoint.Link, endpoint.ContainerId, error.Message);
        }
        finally
        {
            lock (_gate)
            {
                _networks[endpoint.NetworkId].InTransit--;
            }
        }
    }

    /// <summary>Takes an endpoint away from its container, out of sight first.</summary>
    /// <param name="sandbox">Null: the container has just ended, and its interfaces with it.</param>
    /// <param name="ports">Null: they are where they should be.</param>
    private async Task PartAsync(Attached attached, EndpointRecord endpoint, Sandbox? sandbox, IReadOnlyList<PortRequest>? ports = null)
    {
        lock (_gate)
        {
            attached.Endpoints = [.. attached.Endpoints.Where(other => other.Id != endpoint.Id)];
            var cell = _networks[endpoint.NetworkId];
            cell.Remove(attached.ContainerId);
            cell.InTransit++; // until the interface is gone
        }

        Observer?.EndpointsChanged(endpoint.NetworkId); // at once, though the interface goes later

        try
        {
            if (ports is not null)
            {
                await LetPortsFollowAsync(attached, ports);
            }

            if (sandbox is not null)
            {
                await UnplugAsync(sandbox, endpoint, attached.Endpoints);
            }

            await RemoveEndpointsAsync([endpoint]);
        }
        finally
        {
            lock (_gate)
            {
                _networks[endpoint.NetworkId].InTransit--;
            }
        }
    }

    // A disconnect goes through: what can't be published elsewhere is not published any more.
    private async Task LetPortsFollowAsync(Attached attached, IReadOnlyList<PortRequest> requests)
    {
        try
        {
            await MovePortsAsync(attached, requests);
        }
        catch (EngineException taken)
        {
            _log.PortsNotMoved(attached.ContainerId, taken.Message);
            await MovePortsAsync(attached, []);
        }
    }

    /// <summary>Leads the default routes elsewhere, and then deletes the interface: there is no moment without a way out if there is another.</summary>
    private async Task UnplugAsync(Sandbox sandbox, EndpointRecord endpoint, IReadOnlyList<EndpointRecord> left)
    {
        if (endpoint.Link.Length == 0)
        {
            return;
        }

        var gateways = GatewaysOf(left);
        var routes = new RtnetlinkChanges();
        foreach (var (gateway, isIPv6) in new[] { (gateways.IPv4, false), (gateways.IPv6, true) })
        {
            if (gateway is not null && sandbox.Inside.FindLink(gateway.InterfaceName) is { } link)
            {
                var network = RecordOf(gateway);
                AddDefaultRoute(routes, link.Index, network, (isIPv6 ? network.IPv6 : network.IPv4)!);
            }
        }

        sandbox.Inside.Apply(routes);
        if (sandbox.Inside.FindLink(endpoint.InterfaceName) is { } gone)
        {
            await Task.Run(() => sandbox.Inside.Apply(new RtnetlinkChanges().DeleteLink(gone.Index, endpoint.InterfaceName)));
        }
    }

    private async Task<Sandbox?> TryOpenAsync(Attached attached, int pid)
    {
        try
        {
            return await Sandboxes.OpenAsync(OpenNamespace(attached, pid));
        }
        catch (EngineException ended) when (ended.Kind == ErrorKind.Conflict)
        {
            return null;
        }
    }
}
