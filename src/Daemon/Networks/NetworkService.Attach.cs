using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

internal sealed partial class NetworkService
{
    private const int RememberedAddresses = 4096;
    private const string LinkPrefix = "berth";

    private readonly Dictionary<(string ContainerId, string NetworkId), IPAddress> _lastAddresses = [];

    /// <summary>Makes a container's network namespace with its interfaces, addresses, routes and published ports.</summary>
    /// <remarks>
    /// Without published ports and with a sandbox ready this is one database transaction and one call to the kernel.
    /// The token ends the waiting; what was begun is finished or undone.
    /// </remarks>
    /// <exception cref="EngineException">NotFound: a network. InvalidArgument: an address or port that can't be had on it. Internal: a port is taken. Unavailable: no address is left.</exception>
    public async Task<NetworkAttachment> AttachAsync(NetworkAttachRequest request, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        if (_leaving.TryGetValue(request.ContainerId, out var leaving))
        {
            await leaving; // so that a restarted container finds its address free
        }

        var attached = Plan(request);
        Sandbox? sandbox = null;
        try
        {
            await HoldPortsAsync(request, attached);
            sandbox = await TakeSandboxAsync(attached);
            _store.Add(attached.Endpoints, attached.Ports);
            await ConfigureAsync(attached, sandbox);
            if (attached.Ports.Count > 0)
            {
                await Host.RunAsync(host =>
                {
                    FirewallPort[] ports = [.. attached.Ports.Select(FirewallPort.From)];
                    host.Firewall.AddPorts(ports);
                    host.ForgetDatagrams(ports);
                });
            }

            ct.ThrowIfCancellationRequested();
            Enter(attached);
            await ObserveAttachAsync(attached, sandbox.Namespace, ct);
        }
        catch
        {
            Leave(attached);
            sandbox?.Dispose();
            await GiveUpAsync(attached);
            throw;
        }

        ContainerNetworking networking;
        lock (_gate)
        {
            networking = Describe(attached);
        }

        attached.Endpoints.ForEach(endpoint => PublishEvent("connect", endpoint));
        Sandboxes.Refill();
        return new NetworkAttachment(sandbox.Detach(), networking);
    }

    /// <summary>
    /// Ends a container's part in its networks. Its ports are closed when this returns; its addresses are free a moment
    /// later, when its interfaces are gone. Does nothing for a container that is not attached.
    /// </summary>
    public async Task ReleaseAsync(string containerId)
    {
        Attached? attached;
        lock (_gate)
        {
            attached = _attached.GetValueOrDefault(containerId);
        }

        if (attached is null || !Leave(attached))
        {
            return;
        }

        if (Observer is { } observer)
        {
            await observer.ReleasedAsync(containerId);
        }

        await GiveUpAsync(attached);
        attached.Endpoints.ForEach(endpoint => PublishEvent("disconnect", endpoint));
    }

    private void Enter(Attached attached)
    {
        lock (_gate)
        {
            _attached.Add(attached.ContainerId, attached);
            attached.Endpoints.ForEach(endpoint => _networks[endpoint.NetworkId].Put(endpoint, attached.ContainerName));
        }
    }

    /// <returns>False when it had left, or not come.</returns>
    private bool Leave(Attached attached)
    {
        lock (_gate)
        {
            if (_attached.GetValueOrDefault(attached.ContainerId) != attached)
            {
                return false;
            }

            _attached.Remove(attached.ContainerId);
            attached.Endpoints.ForEach(endpoint => _networks[endpoint.NetworkId].Remove(attached.ContainerId));
        }

        attached.Endpoints.ForEach(endpoint => Observer?.EndpointsChanged(endpoint.NetworkId));
        return true;
    }

    private async Task ObserveAttachAsync(Attached attached, SafeFileHandle sandbox, CancellationToken ct)
    {
        if (Observer is not { } observer)
        {
            return;
        }

        attached.Endpoints.ForEach(endpoint => observer.EndpointsChanged(endpoint.NetworkId));
        try
        {
            await observer.AttachedAsync(new AttachedSandbox(attached.ContainerId, sandbox, NetworksOf(attached.ContainerId)), ct);
        }
        catch
        {
            await observer.ReleasedAsync(attached.ContainerId);
            throw;
        }
    }

    private Attached Plan(NetworkAttachRequest request)
    {
        if (request.NetworkMode == "none" && request.Ports.Count > 0)
        {
            throw NetworkErrors.NothingToPublishOn();
        }

        var attached = new Attached(request.ContainerId, request.Name, NewId());
        lock (_gate)
        {
            if (_attached.ContainsKey(request.ContainerId))
            {
                throw new InvalidOperationException($"container {request.ContainerId} is attached already");
            }

            try
            {
                attached.Endpoints.Add(PlanEndpoint(request, attached, request.NetworkMode, request.Endpoint));
                foreach (var (network, endpoint) in request.FurtherEndpoints)
                {
                    attached.Endpoints.Add(PlanEndpoint(request, attached, network, endpoint));
                }
            }
            catch
            {
                attached.Endpoints.ForEach(endpoint => _networks[endpoint.NetworkId].GiveBackAddressesOf(endpoint));
                throw;
            }
        }

        return attached;
    }

    private EndpointRecord PlanEndpoint(NetworkAttachRequest request, Attached attached, string networkMode, EndpointRequest wanted)
    {
        if (IsDefaultMode(networkMode) && !_options.HasDefaultNetwork)
        {
            throw NetworkErrors.DefaultNetworkOff();
        }

        var cell = ResolveCell(IsDefaultMode(networkMode) ? NetworkRecord.DefaultName : networkMode);
        var mac = wanted.MacAddress is { Length: > 0 } text ? MacAddresses.Parse(text) : null;
        var endpoint = new EndpointRecord
        {
            Id = NewId(),
            ContainerId = request.ContainerId,
            ContainerName = request.Name,
            NetworkId = cell.Record.Id,
            SandboxId = attached.SandboxId,
            Position = attached.Endpoints.Count,
            Aliases = wanted.Aliases,
            Hostname = request.Hostname,
            Links = wanted.Links,
            GatewayPriority = wanted.GatewayPriority,
            DriverOptions = wanted.DriverOptions,
            LinkLocalAddresses = wanted.LinkLocalAddresses,
        };
        if (!cell.HasBridge)
        {
            return endpoint;
        }

        if (cell.Record.IsDefault && wanted is not { IPv4Address: null or "", IPv6Address: null or "" })
        {
            throw NetworkErrors.FixedAddressOnDefaultNetwork();
        }

        var four = TakeAddress(cell, cell.IPv4, wanted.IPv4Address, request.ContainerId);
        IPAddress? six;
        try
        {
            six = TakeAddress(cell, cell.IPv6, wanted.IPv6Address, containerId: null);
        }
        catch
        {
            cell.IPv4?.GiveBack(four!);
            throw;
        }

        return endpoint with
        {
            InterfaceName = string.Create(CultureInfo.InvariantCulture, $"eth{attached.Endpoints.Count(other => other.InterfaceName.Length > 0)}"),
            IPv4Address = four,
            IPv6Address = six,
            MacAddress = MacAddresses.Format(mac ?? MacAddresses.For(four ?? six!)),
        };
    }

    /// <param name="containerId">Whose last address is preferred; null: nobody's.</param>
    private IPAddress? TakeAddress(NetworkCell cell, AddressPool? pool, string? wanted, string? containerId)
    {
        if (wanted is { Length: > 0 })
        {
            if (!IPAddress.TryParse(wanted, out var address))
            {
                throw NetworkErrors.InvalidAddress("IP address", wanted);
            }

            if (pool is null || !pool.CanHold(address))
            {
                throw NetworkErrors.AddressOutside(wanted, pool?.Subnet.ToString() ?? "(none)");
            }

            return pool.TryTake(address) ? address : throw NetworkErrors.AddressInUse(address);
        }

        if (pool is null)
        {
            return null;
        }

        if (containerId is not null && _lastAddresses.TryGetValue((containerId, cell.Record.Id), out var last) && pool.TryTake(last))
        {
            return last;
        }

        return pool.Take() ?? throw NetworkErrors.NoAddressLeft(cell.Record.Name, pool.Range.ToString());
    }

    private async Task HoldPortsAsync(NetworkAttachRequest request, Attached attached)
    {
        if (request.Ports.Count == 0)
        {
            return;
        }

        // Published on the first network with a way in and out, as its default route is.
        var endpoint = attached.Endpoints.Find(candidate => candidate.InterfaceName.Length > 0 && !RecordOf(candidate).Internal)
            ?? throw NetworkErrors.NothingToPublishOn();
        await Host.RunAsync(host =>
        {
            foreach (var port in request.Ports)
            {
                Hold(host.Ports, port, endpoint, attached);
            }
        });
    }

    private void Hold(PortReservations reservations, PortRequest request, EndpointRecord endpoint, Attached attached)
    {
        var network = RecordOf(endpoint);
        var ways = PortWay.For(
            request, endpoint.IPv4Address is { } four ? new PortTarget(four, network) : null, endpoint.IPv6Address is { } six ? new PortTarget(six, network) : null,
            _options.DefaultPublishAddress, HostSettings.ListensIPv6);
        var port = reservations.Hold(request, ways, (attached.ContainerName, endpoint.Id));
        attached.Ports.AddRange(ways.Select(way => new PortRecord(
            attached.ContainerId, new PublishedPort(request.Container, way.HostAddress, way.IsOpenedOnly ? request.Container.Port : port), way.TargetAddress)));
    }

    /// <summary>Finds or makes the namespace, and gives every endpoint the name of its host interface.</summary>
    private async Task<Sandbox> TakeSandboxAsync(Attached attached)
    {
        var first = attached.Endpoints[0];
        var sandbox = RecordOf(first).IsDefault ? Sandboxes.TakeReady() : null;
        sandbox ??= await Sandboxes.MakeAsync(hasIPv6: attached.Endpoints.Exists(endpoint => endpoint.IPv6Address is not null));
        var namespaceInode = FileIdentity.Of(sandbox.Namespace).Inode;
        for (var i = 0; i < attached.Endpoints.Count; i++)
        {
            var hasLink = attached.Endpoints[i].InterfaceName.Length > 0;
            attached.Endpoints[i] = attached.Endpoints[i] with
            {
                Namespace = namespaceInode,
                Link = !hasLink ? "" : i == 0 && sandbox.Ready is { } ready ? ready.HostName : NewLinkName(),
            };
        }

        return sandbox;
    }

    private async Task ConfigureAsync(Attached attached, Sandbox sandbox)
    {
        var inside = new RtnetlinkChanges();
        var (routed4, routed6) = (false, false);
        foreach (var endpoint in attached.Endpoints.Where(endpoint => endpoint.Link.Length > 0))
        {
            var cell = CellOf(endpoint);
            var link = sandbox.Ready is { } ready && ready.HostName == endpoint.Link
                ? ready
                : await Host.RunAsync(host => host.AddLink(cell.Record, cell.BridgeIndex, sandbox, endpoint.Link, endpoint.InterfaceName));
            inside.SetUp(link.InnerIndex, MacAddresses.Parse(endpoint.MacAddress));
            routed4 |= Configure(inside, link.InnerIndex, endpoint.IPv4Address, cell.Record.IPv4, wantsRoute: !routed4 && !cell.Record.Internal);
            routed6 |= Configure(inside, link.InnerIndex, endpoint.IPv6Address, cell.Record.IPv6, wantsRoute: !routed6 && !cell.Record.Internal);
        }

        sandbox.Inside.Apply(inside);
    }

    private static bool Configure(RtnetlinkChanges inside, int link, IPAddress? address, AddressPlan? plan, bool wantsRoute)
    {
        if (address is null || plan is null)
        {
            return false;
        }

        inside.AddAddress(link, address, plan.Subnet.PrefixLength);
        if (wantsRoute)
        {
            inside.AddDefaultRoute(plan.Gateway, link);
        }

        return wantsRoute;
    }

    /// <summary>Closes the ports, and lets the interfaces and addresses follow in the background. For attachments half made, too.</summary>
    private async Task GiveUpAsync(Attached attached)
    {
        if (attached.Ports.Count > 0)
        {
            await Host.RunAsync(host =>
            {
                try
                {
                    FirewallPort[] ports = [.. attached.Ports.Select(FirewallPort.From)];
                    host.Firewall.RemovePorts(ports);
                    host.ForgetDatagrams(ports);
                }
                finally
                {
                    attached.Ports.ForEach(port => host.Ports.Release(port.Port));
                }
            });
            _store.DeletePorts(attached.ContainerId);
        }

        lock (_gate)
        {
            RememberAddresses(attached);
        }

        var leaving = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _leaving[attached.ContainerId] = leaving.Task;
        _ = Task.Run(async () => // awaited by way of _leaving; it catches everything
        {
            await LeaveAsync(attached);
            _leaving.TryRemove(new KeyValuePair<string, Task>(attached.ContainerId, leaving.Task));
            leaving.SetResult();
        }, CancellationToken.None);
    }

    // The link first, then the record, then the address: whoever gets the address next is alone with it.
    private async Task LeaveAsync(Attached attached)
    {
        try
        {
            var links = attached.Endpoints.Where(endpoint => endpoint.Link.Length > 0).Select(endpoint => endpoint.Link).ToArray();
            if (links.Length > 0)
            {
                await Host.RemoveLinksAsync(links);
            }

            _store.DeleteEndpoints(attached.Endpoints);
            lock (_gate)
            {
                attached.Endpoints.ForEach(endpoint => _networks.GetValueOrDefault(endpoint.NetworkId)?.GiveBackAddressesOf(endpoint));
            }
        }
        catch (Exception error) when (error is IOException or EngineException or Microsoft.Data.Sqlite.SqliteException)
        {
            // The record stays, so the address is not given to another; the next start of the daemon tries again.
            _log.LinkNotRemoved(string.Join(", ", attached.Endpoints.Select(endpoint => endpoint.Link)), attached.ContainerId, error.Message);
        }
    }

    private void RememberAddresses(Attached attached)
    {
        if (_lastAddresses.Count >= RememberedAddresses)
        {
            _lastAddresses.Clear(); // a convenience only
        }

        foreach (var endpoint in attached.Endpoints)
        {
            if (endpoint.IPv4Address is { } address)
            {
                _lastAddresses[(attached.ContainerId, endpoint.NetworkId)] = address;
            }
        }
    }

    private NetworkCell CellOf(EndpointRecord endpoint)
    {
        lock (_gate)
        {
            return _networks[endpoint.NetworkId];
        }
    }

    private NetworkRecord RecordOf(EndpointRecord endpoint) => CellOf(endpoint).Record;

    private static string NewLinkName() => LinkPrefix + RandomNumberGenerator.GetHexString(8, lowercase: true);
}
