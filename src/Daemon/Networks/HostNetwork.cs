using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>
/// The host's side of the networks: bridges, the containers' interfaces on them, the firewall, the published ports.
/// Everything runs on one thread, in turn.
/// </summary>
internal sealed partial class HostNetwork : IDisposable
{
    private const int DefaultMtu = 1500;

    private readonly NetworkThread _thread;
    private readonly Rtnetlink _routes;
    private readonly NetlinkSocket _netfilter;
    private readonly NetworkThread _removals;
    private readonly Rtnetlink _removalRoutes;
    private readonly PortRelays _relays;
    private readonly Socket _claim;
    private readonly ILogger _log;
    private readonly bool _hasIPv6 = HostSettings.HasIPv6;
    private readonly HashSet<NftChain> _warnedOf = [];
    private FirewallWatch? _watch;

    private HostNetwork(
        NetworkThread thread, Rtnetlink routes, NetlinkSocket netfilter, NetworkThread removals, Firewall firewall, PortRelays relays, Socket claim, ILogger log)
    {
        (_thread, _routes, _netfilter, _removals, Firewall, _relays, _claim, _log) = (thread, routes, netfilter, removals, firewall, relays, claim, log);
        Ports = new PortReservations(relays);
        _removalRoutes = Rtnetlink.OpenHere();
    }

    /// <summary>For use on the thread, by <see cref="RunAsync"/>.</summary>
    public Firewall Firewall { get; }

    /// <summary>For use on the thread, by <see cref="RunAsync"/>.</summary>
    public PortReservations Ports { get; }

    /// <param name="home">The namespace that is the host to this daemon; stays the caller's.</param>
    public static HostNetwork Open(SafeFileHandle home, NetworkOptions options, ILogger log)
    {
        var thread = new NetworkThread("network", home);
        NetworkThread? removals = null;
        try
        {
            removals = new NetworkThread("link removals", home);
            return thread.RunAsync(() =>
            {
                var claim = ClaimTable(options.TableName);
                var netfilter = NetlinkSocket.Open(NetlinkProtocol.Netfilter);
                return new HostNetwork(thread, Rtnetlink.OpenHere(), netfilter, removals, new Firewall(netfilter, options.TableName, options.OwnTable), new PortRelays(home), claim, log);
            }).GetAwaiter().GetResult();
        }
        catch
        {
            removals?.Dispose();
            thread.Dispose();
            throw;
        }
    }

    public Task<T> RunAsync<T>(Func<HostNetwork, T> work) => _thread.RunAsync(() => work(this));

    public Task RunAsync(Action<HostNetwork> work) => _thread.RunAsync(() => work(this));

    /// <summary>Where the host's packets go, so that no network is put over it: routes, addresses, and the resolvers' addresses.</summary>
    /// <param name="exceptBridge">A bridge whose own routes don't count.</param>
    public List<IPNetwork> TakenSubnets(string? exceptBridge)
    {
        var except = exceptBridge is null ? 0 : _routes.FindLink(exceptBridge)?.Index ?? 0;
        var taken = new List<IPNetwork>();
        foreach (var route in _routes.Routes())
        {
            if (route.PrefixLength > 0 && (except == 0 || route.LinkIndex != except))
            {
                taken.Add(Subnets.Containing(route.Destination, route.PrefixLength));
            }
        }

        foreach (var address in _routes.Addresses())
        {
            if (except == 0 || address.LinkIndex != except)
            {
                taken.Add(Subnets.Containing(address.Address, address.PrefixLength));
            }
        }

        return taken;
    }

    /// <summary>The address that an existing bridge already has; null when it has none or does not exist.</summary>
    public (IPAddress Address, IPNetwork Network)? ExistingAddress(string bridge)
    {
        if (_routes.FindLink(bridge) is not { } link)
        {
            return null;
        }

        return _routes.Addresses().Find(address => address.LinkIndex == link.Index && Subnets.Bits(address.Address) == 32) is { } found
            ? (found.Address, Subnets.Containing(found.Address, found.PrefixLength))
            : null;
    }

    /// <summary>
    /// Makes what a network's containers are connected to, or brings an existing one into the recorded state: the bridge, or the parent of a
    /// macvlan or ipvlan network.
    /// </summary>
    /// <returns>The index of the interface.</returns>
    /// <exception cref="EngineException">Internal: the bridge's name belongs to something else. InvalidArgument: no such parent, or the kernel lacks the driver.</exception>
    public int EnsureBridge(NetworkRecord network)
    {
        if (network.Driver is NetworkDriver.Macvlan or NetworkDriver.Ipvlan)
        {
            return EnsureParent(network);
        }

        var name = network.Bridge!;
        var link = _routes.FindLink(name);
        if (link is not null && link.Kind != "bridge")
        {
            throw NetworkErrors.BridgeNameInUse(name, link.Kind);
        }

        if (link is null)
        {
            var hardwareAddress = RandomNumberGenerator.GetBytes(6);
            hardwareAddress[0] = 0x02; // locally administered, for one station
            WarnOfOthersChains();
            _routes.Apply(new RtnetlinkChanges().AddBridge(name, hardwareAddress, MtuOf(network)));
            link = _routes.FindLink(name) ?? throw new ErrnoException(Errno.ENODEV, "netlink", $"find bridge {name}");
        }

        if (network.IPv4 is not null)
        {
            HostSettings.Write($"net/ipv4/conf/{name}/route_localnet", "1");
        }

        ConfigureIPv6(name, network.IPv6 is not null);
        _routes.Apply(AddressChanges(network, link).SetUp(link.Index));
        return link.Index;
    }

    // A container must not make the host its client by announcing itself as a router; and the bridge's address is the engine's own, so nobody has to be asked for it.
    private static void ConfigureIPv6(string bridge, bool isUsed)
    {
        HostSettings.TryWrite($"net/ipv6/conf/{bridge}/disable_ipv6", isUsed ? "0" : "1");
        HostSettings.TryWrite($"net/ipv6/conf/{bridge}/accept_ra", "0");
        HostSettings.TryWrite($"net/ipv6/conf/{bridge}/accept_dad", "0");
    }

    private RtnetlinkChanges AddressChanges(NetworkRecord network, LinkInfo link)
    {
        var changes = new RtnetlinkChanges();
        var present = _routes.Addresses().Where(address => address.LinkIndex == link.Index).Select(address => address.Address).ToHashSet();
        foreach (var (plan, hasAddress) in new[] { (network.IPv4, network.GivesBridgeIPv4), (network.IPv6, network.GivesBridgeIPv6) })
        {
            if (plan is null)
            {
                continue;
            }

            if (hasAddress && !present.Contains(plan.Gateway))
            {
                changes.AddAddress(link.Index, plan.Gateway, plan.Subnet.PrefixLength);
            }
            else if (!hasAddress && present.Contains(plan.Gateway))
            {
                changes.DeleteAddress(link.Index, plan.Gateway, plan.Subnet.PrefixLength);
            }
        }

        if (!network.InterContainerCommunication && FiltersBridged(network))
        {
            changes.FilterBridged(link.Index);
        }

        return changes;
    }

    /// <summary>Makes what a network needs on the host before containers come.</summary>
    /// <param name="making">Is told the name of a bridge before it is made.</param>
    /// <returns>The index of the bridge, or of the interface that the containers' are made upon.</returns>
    public int EnsureNetwork(NetworkRecord network, Action<string> making)
    {
        if (network.Bridge is { } bridge && _routes.FindLink(bridge) is null)
        {
            making(bridge);
        }

        return EnsureBridge(network);
    }

    /// <summary>Removes what <see cref="EnsureNetwork"/> made; does no harm twice.</summary>
    /// <param name="isOurs">Whether a bridge is to be removed, by its name.</param>
    /// <param name="heir">Another network on the same parent, which is not removed then; null: there is none.</param>
    public void RemoveNetwork(NetworkRecord network, Func<string, bool> isOurs, NetworkRecord? heir = null)
    {
        if (network.Bridge is { } bridge)
        {
            if (isOurs(bridge))
            {
                RemoveBridge(bridge);
            }
        }
        else if (network.Driver is NetworkDriver.Macvlan or NetworkDriver.Ipvlan)
        {
            RemoveParent(network, heir);
        }
    }

    public void RemoveBridge(string name) => Remove(_routes, name);

    /// <summary>Gives a sandbox an interface on a network.</summary>
    /// <param name="bridgeIndex">What <see cref="EnsureBridge"/> returned.</param>
    /// <param name="hostName">For the host's end; interfaces of macvlan and ipvlan have none.</param>
    public SandboxLink AddLink(NetworkRecord network, int bridgeIndex, Sandbox sandbox, string hostName, string innerName)
    {
        if (network.Driver is NetworkDriver.Macvlan or NetworkDriver.Ipvlan)
        {
            return AddChild(network, bridgeIndex, sandbox, hostName, innerName);
        }

        var changes = new RtnetlinkChanges().AddVeth(hostName, innerName, MtuOf(network), sandbox.Namespace);
        changes.JoinBridge(hostName, bridgeIndex, generateAddress: !_hasIPv6);
        _routes.Apply(changes);
        // Under br_netfilter a connection to a published port of the same bridge is bridged and not routed: isolation would
        // cut it, and the firewall sees it anyway; and a container that means itself needs its frames back.
        var filtersBridged = FiltersBridged(network);
        if (filtersBridged || !network.InterContainerCommunication)
        {
            var host = _routes.FindLink(hostName) ?? throw new ErrnoException(Errno.ENODEV, "netlink", $"find interface {hostName}");
            _routes.Apply(new RtnetlinkChanges().ConfigurePort(host.Index, isolated: !filtersBridged, hairpin: filtersBridged));
        }

        var inner = sandbox.Inside.FindLink(innerName) ?? throw new ErrnoException(Errno.ENODEV, "netlink", $"find interface {innerName}");
        return new SandboxLink(hostName, inner.Index);
    }

    /// <summary>Removes interfaces, in turn with other removals but beside everything else: each takes the kernel tens of milliseconds.</summary>
    public Task RemoveLinksAsync(IReadOnlyList<string> names) => _removals.RunAsync(() =>
    {
        foreach (var name in names)
        {
            Remove(_removalRoutes, name);
        }
    });

    public void RemoveLink(string name) => Remove(_routes, name);

    /// <summary>Whether an interface of the host is there and does not carry packets yet.</summary>
    public bool IsSettling(string name) => name.Length > 0 && _routes.FindLink(name) is { IsRunning: false };

    /// <summary>The interfaces of the host, by name.</summary>
    public Dictionary<string, LinkInfo> Links()
    {
        var links = new Dictionary<string, LinkInfo>();
        foreach (var link in _routes.Links())
        {
            links[link.Name] = link; // a list taken during changes may hold one twice
        }

        return links;
    }

    public void JoinBridge(string link, int bridgeIndex)
        => _routes.Apply(new RtnetlinkChanges().JoinBridge(link, bridgeIndex, generateAddress: !_hasIPv6));

    /// <summary>
    /// Lets senders of datagrams be judged anew after a port was published or closed. A sender that never pauses keeps its
    /// entry in the kernel's table of connections for good, and would go on reaching whoever had the port before.
    /// </summary>
    public void ForgetDatagrams(IReadOnlyCollection<FirewallPort> ports)
    {
        var datagrams = ports.Where(port => port.Protocol == PortProtocol.Udp).ToArray();
        if (datagrams.Length == 0)
        {
            return;
        }

        var own = _routes.Addresses().Select(address => address.Address).ToHashSet();
        var connections = new ConnectionTracking(_netfilter);
        try
        {
            foreach (var family in datagrams.GroupBy(port => port.HostAddress.AddressFamily))
            {
                var hostPorts = family.Select(port => port.HostPort).ToHashSet();
                // Only what was meant for this host: a container's own traffic to the same port elsewhere is left alone.
                connections.Forget(family.Key, connection => connection.Protocol == (byte)PortProtocol.Udp && hostPorts.Contains(connection.DestinationPort)
                    && (own.Contains(connection.Destination) || IPAddress.IsLoopback(connection.Destination)));
            }
        }
        catch (ErrnoException error)
        {
            _log.DatagramsNotForgotten(error.Message);
        }
    }

    /// <summary>Puts the table back when others change it, on kernels that let them.</summary>
    public void WatchFirewall()
    {
        WarnOfOthersChains();
        if (Firewall.IsOwner || _watch is not null)
        {
            return;
        }

        _watch = new FirewallWatch(Firewall.Table, Firewall.PortId, () => _ = _thread.RunAsync(RestoreFirewall));
    }

    // Nothing of theirs is changed, and no rule of ours can overrule them: their owner has to be told. Once for each chain.
    private void WarnOfOthersChains()
    {
        try
        {
            foreach (var chain in NftBatch.ChainsThatDropForwarded(_netfilter).Where(chain => chain.Table != Firewall.Table && _warnedOf.Add(chain)))
            {
                var family = chain.Family switch { NftFamily.IPv4 => "ip", NftFamily.IPv6 => "ip6", _ => "inet" };
                _log.ForwardingDroppedByOthers(chain.Name, $"{family} {chain.Table}", Firewall.AnyBridge ?? "BRIDGE");
            }
        }
        catch (ErrnoException error)
        {
            _log.ChainsNotRead(error.Message);
        }
    }

    public void Dispose()
    {
        _watch?.Stop();
        _removals.Dispose();
        _thread.Dispose();
        _removalRoutes.Dispose();
        Ports.Dispose();
        _relays.Dispose();
        _routes.Dispose();
        _netfilter.Dispose();
        _claim.Dispose();
    }

    /// <summary>
    /// An abstract socket's name is of the network namespace, like the table, and free again the moment its process has gone. The table's own owner flag says
    /// the same, but only from Linux 6.9 on.
    /// </summary>
    /// <exception cref="EngineException">Internal: another daemon has the table.</exception>
    private static Socket ClaimTable(string table)
    {
        var claim = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            claim.Bind(new UnixDomainSocketEndPoint($"\0{table}/nftables"));
            return claim;
        }
        catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            claim.Dispose();
            throw NetworkErrors.TableInUse(table, taken);
        }
    }

    // With br_netfilter there, a network that forbids its containers to talk is made to use it, so that the setting for all bridges does not matter.
    private static bool FiltersBridged(NetworkRecord network)
        => HostSettings.Read("net/bridge/bridge-nf-call-iptables") is { } forAll && (forAll == "1" || !network.InterContainerCommunication);

    private static void Remove(Rtnetlink routes, string link)
    {
        try
        {
            routes.Apply(new RtnetlinkChanges().DeleteLink(link));
        }
        catch (ErrnoException error) when (error.Errno == Errno.ENODEV)
        {
            // It went with its namespace, as it does when the container's last process has ended; or somebody else has removed it.
        }
    }

    private void RestoreFirewall()
    {
        try
        {
            Firewall.Rebuild();
            _log.FirewallRestored(Firewall.Table);
        }
        catch (ErrnoException error)
        {
            _log.FirewallNotRestored(Firewall.Table, error.Message);
        }
    }

    private int MtuOf(NetworkRecord network)
    {
        if (network.Mtu != 0)
        {
            return network.Mtu;
        }

        // Packets larger than the way out would be dropped by hosts whose path-MTU discovery is filtered.
        var outward = _routes.Routes().Find(route => route.PrefixLength == 0 && route.LinkIndex != 0 && Subnets.Bits(route.Destination) == 32);
        return outward is null ? DefaultMtu : _routes.Links().Find(link => link.Index == outward.LinkIndex)?.Mtu ?? DefaultMtu;
    }
}
