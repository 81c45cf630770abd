using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Berth.Daemon.Events;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>
/// Networks and the containers on them. Call <see cref="RestoreAsync"/> first, once. Records are written before their
/// effects and removed after them, so a start after any death of the daemon knows all that may exist.
/// </summary>
internal sealed partial class NetworkService : IAsyncDisposable
{
    private readonly NetworkOptions _options;
    private readonly NetworkStore _store;
    private readonly EventService _events;
    private readonly TimeProvider _clock;
    private readonly ILogger<NetworkService> _log;
    private readonly SafeFileHandle _home;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, NetworkCell> _networks = [];
    private readonly Dictionary<string, Attached> _attached = [];
    private readonly ConcurrentDictionary<string, Task> _leaving = new();
    private HostNetwork? _host;
    private SandboxFactory? _sandboxes;

    /// <param name="home">The network namespace that is the host to this daemon; null: the calling thread's. Owned by the service.</param>
    public NetworkService(
        NetworkOptions options, NetworkStore store, EventService events, TimeProvider clock, ILogger<NetworkService> log, SafeFileHandle? home = null)
    {
        (_options, _store, _events, _clock, _log) = (options, store, events, clock, log);
        _home = home ?? NetworkNamespaces.OpenCurrent();
    }

    /// <summary>Who follows containers on and off networks; to be set before <see cref="RestoreAsync"/>, null: nobody.</summary>
    public INetworkObserver? Observer { get; set; }

    /// <summary>Containers that can be attached to the default network without waiting for a namespace.</summary>
    public int ReadySandboxes => Sandboxes.ReadyCount;

    /// <summary>Networks of this daemon, the predefined ones included.</summary>
    public IReadOnlyList<NetworkRecord> List()
    {
        lock (_gate)
        {
            return [.. _networks.Values.Select(cell => cell.Record)];
        }
    }

    /// <summary>Finds a network by id, name or unique beginning of the id, in this order.</summary>
    /// <exception cref="EngineException">NotFound; InvalidArgument: more than one id begins so.</exception>
    public NetworkRecord Resolve(string idOrName)
    {
        lock (_gate)
        {
            return ResolveCell(idOrName).Record;
        }
    }

    /// <inheritdoc cref="Resolve"/>
    /// <returns>Null when there is none.</returns>
    public NetworkRecord? Find(string idOrName)
    {
        lock (_gate)
        {
            return FindCell(idOrName)?.Record;
        }
    }

    /// <summary>The endpoints on a network, each with its container's id and name.</summary>
    public IReadOnlyList<(string ContainerId, string ContainerName, EndpointInfo Endpoint)> EndpointsOn(string networkId)
    {
        lock (_gate)
        {
            return _networks.TryGetValue(networkId, out var cell)
                ? [.. cell.Endpoints.Select(member => (member.Endpoint.ContainerId, member.ContainerName, Describe(member.Endpoint)))]
                : [];
        }
    }

    /// <summary>Names and addresses of the running containers on a network; none when there is no such network. The list is a snapshot, kept until something changes.</summary>
    public IReadOnlyList<NamedEndpoint> EndpointsOf(string networkId)
    {
        lock (_gate)
        {
            return _networks.TryGetValue(networkId, out var cell) ? cell.Names : [];
        }
    }

    /// <summary>The networks of a running container, in the order of its interfaces; none when it is not attached.</summary>
    public IReadOnlyList<NetworkRecord> NetworksOf(string containerId)
    {
        lock (_gate)
        {
            return _attached.TryGetValue(containerId, out var attached) ? [.. attached.Endpoints.Select(endpoint => _networks[endpoint.NetworkId].Record)] : [];
        }
    }

    /// <summary>The networks of a running container; null when it is on none: not running, or in the host's or another container's namespace.</summary>
    public ContainerNetworking? FindNetworking(string containerId)
    {
        lock (_gate)
        {
            return _attached.TryGetValue(containerId, out var attached) ? Describe(attached) : null;
        }
    }

    /// <summary>What a container in the host's namespace is shown with: the "host" network, without addresses.</summary>
    public ContainerNetworking DescribeHost()
    {
        lock (_gate)
        {
            var host = _networks.Values.First(cell => cell.Record.Driver == NetworkDriver.Host).Record;
            return new ContainerNetworking(NewId(), [new EndpointInfo { NetworkId = host.Id, NetworkName = host.Name, EndpointId = NewId() }], []);
        }
    }

    /// <summary>The address that "host-gateway" stands for in a container's hosts file: one at which it reaches this host.</summary>
    public IPAddress? HostGateway(string networkMode)
    {
        if (_options.HostGateway is { } configured)
        {
            return configured;
        }

        lock (_gate)
        {
            var own = networkMode is "none" or "host" ? null : FindCell(IsDefaultMode(networkMode) ? NetworkRecord.DefaultName : networkMode);
            return (own?.Record.IPv4 ?? FindCell(NetworkRecord.DefaultName)?.Record.IPv4)?.Gateway;
        }
    }

    /// <summary>Follows a container's new name.</summary>
    public void Rename(string containerId, string name)
    {
        Attached? attached;
        lock (_gate)
        {
            if (!_attached.TryGetValue(containerId, out attached))
            {
                return;
            }

            attached.ContainerName = name;
            foreach (var endpoint in attached.Endpoints)
            {
                _networks[endpoint.NetworkId].Put(endpoint, name);
            }
        }

        _store.Rename(containerId, name);
        foreach (var endpoint in attached.Endpoints)
        {
            Observer?.EndpointsChanged(endpoint.NetworkId);
        }
    }

    /// <summary>
    /// Leaves everything in place for running containers; without any, removes what this daemon made on the host.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_leaving.Values);
        if (_sandboxes is { } sandboxes)
        {
            sandboxes.Dispose();
        }

        if (_host is { } host)
        {
            try
            {
                await host.RunAsync(RemoveUnused);
            }
            catch (Exception error) when (error is IOException or EngineException)
            {
                _log.NotRemovedAtStop(error.Message);
            }

            host.Dispose();
        }

        _home.Dispose();
    }

    internal static string NewId() => RandomNumberGenerator.GetHexString(64, lowercase: true);

    private HostNetwork Host => _host ?? throw new InvalidOperationException("RestoreAsync has not run");

    private SandboxFactory Sandboxes => _sandboxes ?? throw new InvalidOperationException("RestoreAsync has not run");

    private static bool IsDefaultMode(string networkMode) => networkMode is "default" or "" or NetworkRecord.DefaultName;

    private NetworkCell ResolveCell(string idOrName) => FindCell(idOrName) ?? throw NetworkErrors.NotFound(idOrName);

    private NetworkCell? FindCell(string idOrName)
    {
        if (_networks.TryGetValue(idOrName, out var exact))
        {
            return exact;
        }

        if (_networks.Values.FirstOrDefault(cell => cell.Record.Name == idOrName) is { } named)
        {
            return named;
        }

        var matches = idOrName.Length == 0 ? [] : _networks.Values.Where(cell => cell.Record.Id.StartsWith(idOrName, StringComparison.Ordinal)).Take(2).ToArray();
        return matches.Length > 1 ? throw NetworkErrors.Ambiguous(idOrName) : matches.FirstOrDefault();
    }

    private ContainerNetworking DescribeNow(Attached attached)
    {
        lock (_gate)
        {
            return Describe(attached);
        }
    }

    private ContainerNetworking Describe(Attached attached)
        => new(attached.SandboxId, [.. attached.Endpoints.Select(Describe)], [.. attached.Ports.Select(port => port.Port)]);

    private EndpointInfo Describe(EndpointRecord endpoint)
    {
        var network = _networks[endpoint.NetworkId].Record;
        return new EndpointInfo
        {
            NetworkId = network.Id,
            NetworkName = network.Name,
            EndpointId = endpoint.Id,
            InterfaceName = endpoint.InterfaceName,
            MacAddress = endpoint.MacAddress,
            IPv4Address = endpoint.IPv4Address,
            IPv4PrefixLength = endpoint.IPv4Address is null ? 0 : network.IPv4!.Subnet.PrefixLength,
            IPv4Gateway = endpoint.IPv4Address is null || network.Internal ? null : network.IPv4!.Gateway,
            IPv6Address = endpoint.IPv6Address,
            IPv6PrefixLength = endpoint.IPv6Address is null ? 0 : network.IPv6!.Subnet.PrefixLength,
            IPv6Gateway = endpoint.IPv6Address is null || network.Internal ? null : network.IPv6!.Gateway,
            Aliases = endpoint.Aliases,
            Links = endpoint.Links,
            DnsNames = network.HasNames ? DnsNames.Of(_attached.GetValueOrDefault(endpoint.ContainerId)?.ContainerName ?? endpoint.ContainerName, endpoint.ContainerId, endpoint.Aliases, endpoint.Hostname) : [],
            GatewayPriority = endpoint.GatewayPriority,
        };
    }

    private void PublishEvent(string action, NetworkRecord network, string containerId) => _events.Publish(
        EventType.Network, action, network.Id, new Dictionary<string, string> { ["container"] = containerId, ["name"] = network.Name, ["type"] = network.Driver });
}
