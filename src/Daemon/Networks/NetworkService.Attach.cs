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

    private readonly Dictionary<(string ContainerId, string NetworkId), (IPAddress? IPv4, IPAddress? IPv6)> _lastAddresses = [];

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
            attached.Ports = await HoldPortsAsync(request.Ports, attached, held: []);
            sandbox = await TakeSandboxAsync(attached, request.Namespace);
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
            if (!Leave(attached))
            {
                LeaveUnentered(attached);
            }

            sandbox?.Dispose();
            await GiveUpAsync(attached);
            throw;
        }

        var networking = DescribeNow(attached);
        foreach (var network in NetworksOf(attached.ContainerId))
        {
            PublishEvent("connect", network, attached.ContainerId);
        }

        Sandboxes.Refill();
        return new NetworkAttachment(sandbox.Detach(), networking);
    }

    /// <summary>
    /// Ends a container's part in its networks. Its ports are closed when this returns; its addresses are free a moment
    /// later, when its interfaces are gone. Does nothing for a container that is not attached.
    /// </summary>
    public async Task ReleaseAsync(string containerId)
    {
        var networks = NetworksOf(containerId);
        if (FindAttached(containerId) is not { } attached || !Leave(attached))
        {
            return;
        }

        try
        {
            if (Observer is { } observer)
            {
                await observer.ReleasedAsync(containerId);
            }
        }
        finally
        {
            await GiveUpAsync(attached);
        }

        foreach (var network in networks)
        {
            PublishEvent("disconnect", network, containerId);
        }
    }

    // From here until it has entered or given up, a planned endpoint keeps its network from being removed.
    private Attached Plan(NetworkAttachRequest request)
    {
        var attached = new Attached(request.ContainerId, request.Name, NewId());
        var endpoints = new List<EndpointRecord>();
        lock (_gate)
        {
            if (_attached.ContainsKey(request.ContainerId))
            {
                throw new InvalidOperationException($"container {request.ContainerId} is attached already");
            }

            try
            {
                foreach (var (network, endpoint) in InOrder(request))
                {
                    endpoints.Add(PlanEndpoint(request, attached.SandboxId, endpoints, network, endpoint));
                }
            }
            catch
            {
                endpoints.ForEach(Abandon);
                throw;
            }
        }

        attached.Endpoints = endpoints;
        return attached;
    }

    /// <summary>The order of the interfaces: the default network, then the rest by their gateways' priorities and by their names, as Docker has it.</summary>
    private IEnumerable<(string Network, EndpointRequest Endpoint)> InOrder(NetworkAttachRequest request)
        => request.FurtherEndpoints.Select(further => (Network: further.Key, Endpoint: further.Value)).Prepend((Network: request.NetworkMode, request.Endpoint))
            .OrderByDescending(wanted => IsDefaultMode(wanted.Network))
            .ThenByDescending(wanted => wanted.Endpoint.GatewayPriority)
            .ThenBy(wanted => FindCell(wanted.Network)?.Record.Name ?? wanted.Network, StringComparer.Ordinal);

    private void Abandon(EndpointRecord endpoint)
    {
        var cell = _networks[endpoint.NetworkId];
        cell.GiveBackAddressesOf(endpoint);
        cell.InTransit--;
    }

    private void LeaveUnentered(Attached attached)
    {
        lock (_gate)
        {
            BeginLeaving(attached);
            foreach (var endpoint in attached.Endpoints)
            {
                _networks[endpoint.NetworkId].InTransit--;
            }
        }
    }

    private EndpointRecord PlanEndpoint(
        NetworkAttachRequest request, string sandboxId, IReadOnlyList<EndpointRecord> others, string networkMode, EndpointRequest wanted)
    {
        if (IsDefaultMode(networkMode) && !_options.HasDefaultNetwork)
        {
            throw NetworkErrors.DefaultNetworkOff();
        }

        var cell = ResolveCell(IsDefaultMode(networkMode) ? NetworkRecord.DefaultName : networkMode);
        var network = cell.Record;
        if (network.Pending)
        {
            throw NetworkErrors.NotFound(networkMode); // it is being removed
        }

        var mac = wanted.MacAddress is { Length: > 0 } text ? MacAddresses.Parse(text) : null;
        var endpoint = new EndpointRecord
        {
            Id = NewId(),
            ContainerId = request.ContainerId,
            ContainerName = request.Name,
            NetworkId = network.Id,
            SandboxId = sandboxId,
            Position = others.Count == 0 ? 0 : others.Max(other => other.Position) + 1,
            Aliases = wanted.Aliases,
            Hostname = request.Hostname,
            Links = wanted.Links,
            GatewayPriority = wanted.GatewayPriority,
            DriverOptions = wanted.DriverOptions,
            LinkLocalAddresses = wanted.LinkLocalAddresses,
        };
        if (!cell.HasInterfaces)
        {
            cell.InTransit++;
            return endpoint;
        }

        CheckFixedAddresses(network, wanted);
        var interfaceName = InterfaceNameFor(network, wanted, others);
        var last = _lastAddresses.GetValueOrDefault((request.ContainerId, network.Id));
        var four = TakeAddress(cell, cell.IPv4, wanted.IPv4Address, last.IPv4);
        IPAddress? six;
        try
        {
            six = TakeAddress(cell, cell.IPv6, wanted.IPv6Address, last.IPv6);
        }
        catch
        {
            cell.GiveBackAddressesOf(endpoint with { IPv4Address = four });
            throw;
        }

        cell.InTransit++;
        return endpoint with
        {
            InterfaceName = interfaceName,
            IPv4Address = four,
            IPv6Address = six,
            // An ipvlan interface has its parent's, whatever is asked for.
            MacAddress = network.Driver == NetworkDriver.Ipvlan ? "" : MacAddresses.Format(mac ?? MacFor(four ?? six)),
        };
    }

    private static byte[] MacFor(IPAddress? address) => address is null ? MacAddresses.Random() : MacAddresses.For(address);

    private static void CheckFixedAddresses(NetworkRecord network, EndpointRequest wanted)
    {
        var (four, six) = (wanted.IPv4Address is { Length: > 0 }, wanted.IPv6Address is { Length: > 0 });
        if ((four || six) && network.IsDefault)
        {
            throw NetworkErrors.FixedAddressOnDefaultNetwork();
        }

        if ((four && network.IPv4 is { Configured: false }) || (six && network.IPv6 is { Configured: false }))
        {
            throw NetworkErrors.SubnetNotConfigured();
        }
    }

    private static string InterfaceNameFor(NetworkRecord network, EndpointRequest wanted, IReadOnlyList<EndpointRecord> others)
    {
        var used = others.Select(other => other.InterfaceName).ToHashSet();
        if (wanted.DriverOptions.GetValueOrDefault(EndpointOptions.InterfaceName) is { } asked)
        {
            return used.Contains(asked) ? throw NetworkErrors.InterfaceNameTaken(asked) : asked;
        }

        for (var number = 0; ; number++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"{network.InterfacePrefix}{number}");
            if (!used.Contains(name))
            {
                return name;
            }
        }
    }

    private static IPAddress? TakeAddress(NetworkCell cell, AddressPool? pool, string? wanted, IPAddress? last)
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

        return last is not null && pool.TryTake(last) ? last : pool.Take() ?? throw NetworkErrors.NoAddressLeft(cell.Record.Name, pool.Range.ToString());
    }

    private void Enter(Attached attached)
    {
        lock (_gate)
        {
            _attached.Add(attached.ContainerId, attached);
            foreach (var endpoint in attached.Endpoints)
            {
                var cell = _networks[endpoint.NetworkId];
                cell.Put(endpoint, attached.ContainerName);
                cell.InTransit--;
            }
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
            foreach (var endpoint in attached.Endpoints)
            {
                _networks[endpoint.NetworkId].Remove(attached.ContainerId);
            }

            // Before the gate opens: a network that has lost its last container must find the interface's removal to wait for.
            BeginLeaving(attached);
        }

        foreach (var endpoint in attached.Endpoints)
        {
            Observer?.EndpointsChanged(endpoint.NetworkId);
        }

        return true;
    }

    private async Task ObserveAttachAsync(Attached attached, SafeFileHandle sandbox, CancellationToken ct)
    {
        if (Observer is not { } observer)
        {
            return;
        }

        foreach (var endpoint in attached.Endpoints)
        {
            observer.EndpointsChanged(endpoint.NetworkId);
        }

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

    /// <summary>Finds or makes the namespace, and gives every endpoint the name of its host interface.</summary>
    private async Task<Sandbox> TakeSandboxAsync(Attached attached, SafeFileHandle? made)
    {
        var first = attached.Endpoints[0];
        var hasIPv6 = attached.Endpoints.Any(endpoint => endpoint.IPv6Address is not null);
        var sandbox = made is not null ? await Sandboxes.AdoptAsync(made, hasIPv6)
            : RecordOf(first).IsDefault && first.InterfaceName == SandboxFactory.ReadyInterface ? Sandboxes.TakeReady() : null;
        sandbox ??= await Sandboxes.MakeAsync(hasIPv6);
        attached.Namespace = FileIdentity.Of(sandbox.Namespace).Inode;
        attached.Endpoints =
        [
            .. attached.Endpoints.Select((endpoint, i) => endpoint with
            {
                Namespace = attached.Namespace,
                Link = endpoint.InterfaceName.Length == 0 ? "" : i == 0 && sandbox.Ready is { } ready ? ready.HostName : NewLinkName(),
            }),
        ];
        return sandbox;
    }

    private async Task ConfigureAsync(Attached attached, Sandbox sandbox)
    {
        var inside = new RtnetlinkChanges();
        var gateways = GatewaysOf(attached.Endpoints);
        var hasIPv6 = attached.Endpoints.Any(endpoint => endpoint.IPv6Address is not null);
        foreach (var endpoint in attached.Endpoints.Where(endpoint => endpoint.Link.Length > 0))
        {
            var isReady = sandbox.Ready is { } ready && ready.HostName == endpoint.Link;
            var index = isReady ? sandbox.Ready!.InnerIndex : await AddLinkAsync(sandbox, endpoint);
            if (NeedsSettings(endpoint, hasIPv6))
            {
                await Sandboxes.RunInsideAsync(sandbox.Namespace, () => ApplySettings(endpoint));
            }

            Configure(inside, index, endpoint, CellOf(endpoint).Record, gateways);
        }

        sandbox.Inside.Apply(inside);
    }

    private async Task<int> AddLinkAsync(Sandbox sandbox, EndpointRecord endpoint)
    {
        var cell = CellOf(endpoint);
        return await Host.RunAsync(host =>
        {
            if (cell.BridgeIndex == 0)
            {
                cell.BridgeIndex = host.EnsureNetwork(cell.Record, RememberMade); // it could not be restored at the start: perhaps it can now
            }

            return host.AddLink(cell.Record, cell.BridgeIndex, sandbox, endpoint.Link, endpoint.InterfaceName).InnerIndex;
        });
    }

    private static void Configure(RtnetlinkChanges inside, int link, EndpointRecord endpoint, NetworkRecord network, GatewayChoice gateways)
    {
        inside.SetUp(link, endpoint.MacAddress.Length > 0 ? MacAddresses.Parse(endpoint.MacAddress) : default);
        foreach (var (address, plan, isGateway) in new[]
        {
            (endpoint.IPv4Address, network.IPv4, gateways.IPv4?.Id == endpoint.Id),
            (endpoint.IPv6Address, network.IPv6, gateways.IPv6?.Id == endpoint.Id),
        })
        {
            if (address is not null && plan is not null)
            {
                inside.AddAddress(link, address, plan.Subnet.PrefixLength);
                if (isGateway)
                {
                    AddDefaultRoute(inside, link, network, plan);
                }
            }
        }

        foreach (var extra in endpoint.LinkLocalAddresses.Select(IPAddress.Parse))
        {
            inside.AddAddress(link, extra, Subnets.Bits(extra) == 32 ? 16 : 64); // RFC 3927, RFC 4291
        }
    }

    // Without frames of its own (ipvlan in layer 3) an interface has nobody to ask for a gateway.
    private static void AddDefaultRoute(RtnetlinkChanges inside, int link, NetworkRecord network, AddressPlan plan)
    {
        if (network is { Driver: NetworkDriver.Ipvlan, Mode: not "l2" })
        {
            inside.AddDefaultRoute(plan.Gateway.AddressFamily, link);
        }
        else
        {
            inside.AddDefaultRoute(plan.Gateway, link);
        }
    }

    private static bool NeedsSettings(EndpointRecord endpoint, bool namespaceHasIPv6)
        => endpoint.DriverOptions.ContainsKey(EndpointOptions.Sysctls) || (namespaceHasIPv6 && endpoint.IPv6Address is null);

    /// <summary>To be run inside, while the interface is down: some settings count at the moment it is set up.</summary>
    private static void ApplySettings(EndpointRecord endpoint)
    {
        HostSettings.TryWrite($"net/ipv6/conf/{endpoint.InterfaceName}/disable_ipv6", endpoint.IPv6Address is null ? "1" : "0");
        foreach (var (path, value) in EndpointOptions.SysctlsOf(endpoint.DriverOptions, endpoint.InterfaceName))
        {
            try
            {
                HostSettings.Write(path, value);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid endpoint settings: the kernel refuses {path.Replace('/', '.')}={value}: {error.Message}", error);
            }
        }
    }

    private GatewayChoice GatewaysOf(IEnumerable<EndpointRecord> endpoints)
    {
        lock (_gate)
        {
            return GatewayChoice.Of(endpoints.Select(endpoint => (endpoint, _networks[endpoint.NetworkId].Record)));
        }
    }

    /// <summary>Closes the ports, and lets the interfaces and addresses follow in the background. For attachments half made, too.</summary>
    private async Task GiveUpAsync(Attached attached)
    {
        TaskCompletionSource left;
        lock (_gate)
        {
            left = BeginLeaving(attached);
            RememberAddresses(attached);
        }

        try
        {
            await ClosePortsAsync(attached);
        }
        finally
        {
            _ = Task.Run(async () => // awaited by way of _leaving; it catches everything
            {
                await LeaveAsync(attached);
                _leaving.TryRemove(new KeyValuePair<string, Task>(attached.ContainerId, left.Task));
                left.SetResult();
            }, CancellationToken.None);
        }
    }

    private TaskCompletionSource BeginLeaving(Attached attached)
    {
        attached.Left ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _leaving[attached.ContainerId] = attached.Left.Task;
        return attached.Left;
    }

    // The link first, then the record, then the address: whoever gets the address next is alone with it.
    private async Task LeaveAsync(Attached attached)
    {
        try
        {
            await RemoveEndpointsAsync(attached.Endpoints);
        }
        catch (Exception error) when (error is IOException or EngineException or Microsoft.Data.Sqlite.SqliteException)
        {
            // The record stays, so the address is not given to another; the next start of the daemon tries again.
            _log.LinkNotRemoved(string.Join(", ", attached.Endpoints.Select(endpoint => endpoint.Link)), attached.ContainerId, error.Message);
        }
    }

    private async Task RemoveEndpointsAsync(IReadOnlyList<EndpointRecord> endpoints)
    {
        var links = endpoints.Where(endpoint => endpoint.Link.Length > 0).Select(endpoint => endpoint.Link).ToArray();
        if (links.Length > 0)
        {
            await Host.RemoveLinksAsync(links);
        }

        _store.DeleteEndpoints(endpoints);
        lock (_gate)
        {
            foreach (var endpoint in endpoints)
            {
                _networks.GetValueOrDefault(endpoint.NetworkId)?.GiveBackAddressesOf(endpoint);
            }
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
            if (endpoint.IPv4Address is not null || endpoint.IPv6Address is not null)
            {
                _lastAddresses[(attached.ContainerId, endpoint.NetworkId)] = (endpoint.IPv4Address, endpoint.IPv6Address);
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
