using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;

namespace Berth.Daemon.Networks;

/// <summary>
/// The daemon's one nftables table. Networks are elements of sets and published ports elements of maps, so that a
/// network or a port costs a few elements and no rule. What the table says, in nft's words:
/// <code>
/// chain guard       { filter prerouting -300   ip saddr|daddr 127.0.0.0/8 iifname @bridges drop }
/// chain prerouting  { nat prerouting -100      ip daddr 127.0.0.0/8 return
///                                              fib daddr type local dnat to @ports4, @ports4_any, @ports6, @ports6_any }
/// chain output      { nat output -100          ip6 daddr ::1 return
///                                              the same translation }
/// chain postrouting { nat postrouting 100      ct status dnat  saddr . oifname @local masquerade    (hairpin)
///                                              saddr . oifname @local accept
///                                              ip saddr 127.0.0.0/8 oifname @bridges masquerade
///                                              saddr @masquerade masquerade }
/// chain forward     { filter forward 0         oifname @bridges ct state established,related accept
///                                              iifname @bridges ct state established,related accept
///                                              iifname . oifname @same accept
///                                              iifname @internal drop;  oifname @internal drop
///                                              oifname @bridges ct status dnat accept
///                                              oifname @bridges l4proto . daddr . dport @open accept  (gateway mode routed)
///                                              oifname @routed l4proto icmp accept
///                                              oifname @direct iifname != @bridges accept             (nat-unprotected)
///                                              oifname @bridges drop }
/// </code>
/// So a container's port is reached from outside its network by publication alone; 127.0.0.1 is published to this host
/// alone, since nothing from outside is translated for it; bridges don't reach each other; an internal network reaches nothing.
/// ::1 is not translated: the kernel takes no answer for it from a bridge. <see cref="PortRelay"/> serves it.
/// All of it is made in one transaction: there is no moment with the ways in but without the drops.
/// Where the kernel can (6.9), the table is owned by this process: no other can change it and "nft flush ruleset" passes
/// it by; the table outlives the daemon and is adopted by the next. Elsewhere <see cref="FirewallWatch"/> restores it.
/// Not for use by two threads at once.
/// </summary>
internal sealed class Firewall(NetlinkSocket socket, string table, bool mayOwn)
{
    private const NftFamily Inet = NftFamily.Inet;

    private readonly Dictionary<string, FirewallNetwork> _networks = [];
    private readonly HashSet<FirewallPort> _ports = [];
    private NftTableFlags? _flags;
    private bool _isOutdated;

    public string Table => table;

    /// <summary>The kernel keeps other programs' hands off the table.</summary>
    public bool IsOwner => (_flags & NftTableFlags.Owner) != 0;

    /// <summary>Forwarding is on only because this daemon needs it: hardware interfaces don't forward to each other. Takes effect with the next network.</summary>
    public bool GuardsForwarding
    {
        get;
        set
        {
            _isOutdated |= field != value;
            field = value;
        }
    }

    /// <summary>One of the bridges, for messages.</summary>
    public string? AnyBridge => _networks.Keys.FirstOrDefault();

    public uint PortId => socket.PortId;

    /// <summary>Replaces the whole table by one with these networks and ports.</summary>
    public void Restore(IEnumerable<FirewallNetwork> networks, IEnumerable<FirewallPort> ports)
    {
        _networks.Clear();
        _ports.Clear();
        foreach (var network in networks)
        {
            _networks[network.Bridge] = network;
        }

        _ports.UnionWith(ports.Where(port => port.IsInKernel));
        Rebuild();
    }

    /// <summary>Adds a network, or changes the one with its bridge; to be called before the bridge carries anything.</summary>
    public void AddNetwork(FirewallNetwork network)
    {
        var batch = new NftBatch(Inet, table);
        if (_networks.TryGetValue(network.Bridge, out var before))
        {
            if (before == network)
            {
                return;
            }

            ElementsOf(before, batch.DeleteElement);
        }

        _networks[network.Bridge] = network;
        if (_isOutdated)
        {
            Rebuild();
            return;
        }

        ElementsOf(network, batch.AddElement);
        Commit(batch);
    }

    /// <summary>Removes a network; to be called when its bridge is gone.</summary>
    public void RemoveNetwork(string bridge)
    {
        if (_networks.Remove(bridge, out var network))
        {
            var batch = new NftBatch(Inet, table);
            ElementsOf(network, batch.DeleteElement);
            Commit(batch);
        }
    }

    public void AddPorts(IReadOnlyCollection<FirewallPort> ports)
    {
        var batch = new NftBatch(Inet, table);
        foreach (var port in ports)
        {
            if (port.IsInKernel && _ports.Add(port))
            {
                AddPort(batch, port);
            }
        }

        Commit(batch);
    }

    public void RemovePorts(IReadOnlyCollection<FirewallPort> ports)
    {
        var batch = new NftBatch(Inet, table);
        foreach (var port in ports)
        {
            if (_ports.Remove(port))
            {
                batch.DeleteElement(SetFor(port), KeyOf(port));
            }
        }

        Commit(batch);
    }

    /// <summary>Writes the whole table anew, whatever is left of it.</summary>
    /// <exception cref="ErrnoException">EPERM: another process owns it.</exception>
    public void Rebuild()
    {
        if (_flags is null && mayOwn)
        {
            try
            {
                Rebuild(NftTableFlags.Owner | NftTableFlags.Persist);
                return;
            }
            catch (ErrnoException error) when (error.Errno is Errno.EOPNOTSUPP or Errno.EINVAL)
            {
                // Before Linux 6.9 there is no persistent owner, and a table that dies with the daemon would unpublish running containers.
            }
        }

        Rebuild(_flags ?? NftTableFlags.None);
    }

    /// <summary>Removes the table with all that is in it.</summary>
    public void Remove()
    {
        _networks.Clear();
        _ports.Clear();
        if (NftBatch.FindTable(socket, Inet, table) is not null)
        {
            var batch = new NftBatch(Inet, table);
            batch.DeleteTable();
            batch.Commit(socket);
        }
    }

    /// <summary>The table is there; for tests and for the watch after lost notifications.</summary>
    public bool Exists() => NftBatch.FindTable(socket, Inet, table) is not null;

    private void Rebuild(NftTableFlags flags)
    {
        var batch = new NftBatch(Inet, table);
        if (NftBatch.FindTable(socket, Inet, table) is not null)
        {
            batch.DeleteTable();
        }

        batch.AddTable(flags);
        AddSets(batch);
        AddChains(batch);
        foreach (var network in _networks.Values)
        {
            ElementsOf(network, batch.AddElement);
        }

        foreach (var port in _ports)
        {
            AddPort(batch, port);
        }

        batch.Commit(socket);
        (_flags, _isOutdated) = (flags, false);
    }

    // Somebody removed the table under us before the watch saw it: what it should hold is known here.
    private void Commit(NftBatch batch)
    {
        if (!batch.HasChanges)
        {
            return;
        }

        try
        {
            batch.Commit(socket);
        }
        catch (ErrnoException error) when (error.Errno is Errno.ENOENT or Errno.EEXIST)
        {
            Rebuild();
        }
    }

    private static void AddSets(NftBatch batch)
    {
        batch.AddSet("bridges", NftSetFlags.None, [NftType.InterfaceName]);
        batch.AddSet("internal", NftSetFlags.None, [NftType.InterfaceName]);
        batch.AddSet("same", NftSetFlags.None, [NftType.InterfaceName, NftType.InterfaceName]);
        foreach (var (family, address) in new[] { ("4", NftType.IPv4Address), ("6", NftType.IPv6Address) })
        {
            batch.AddSet("local" + family, NftSetFlags.Interval, [address, NftType.InterfaceName]);
            batch.AddSet("masquerade" + family, NftSetFlags.Interval, [address]);
            batch.AddSet("routed" + family, NftSetFlags.None, [NftType.InterfaceName]);
            batch.AddSet("direct" + family, NftSetFlags.None, [NftType.InterfaceName]);
            batch.AddSet("open" + family, NftSetFlags.None, [NftType.Protocol, address, NftType.Port]);
            batch.AddSet("ports" + family, NftSetFlags.None, [NftType.Protocol, address, NftType.Port], [address, NftType.Port]);
            batch.AddSet($"ports{family}_any", NftSetFlags.None, [NftType.Protocol, NftType.Port], [address, NftType.Port]);
        }
    }

    private void AddChains(NftBatch batch)
    {
        const int raw = -300, destinationNat = -100, filter = 0, sourceNat = 100;
        batch.AddChain("guard", "filter", NftHook.Prerouting, raw);
        batch.AddChain("prerouting", "nat", NftHook.Prerouting, destinationNat);
        batch.AddChain("output", "nat", NftHook.Output, destinationNat);
        batch.AddChain("postrouting", "nat", NftHook.Postrouting, sourceNat);
        batch.AddChain("forward", "filter", NftHook.Forward, filter);

        // The bridges have route_localnet for the replies to the host's own connections, so their martians are ours to drop.
        // Every packet of the host passes here: the comparison that ends the rule for nearly all comes before the look into the set.
        batch.AddRule("guard", rule => SourceIsLoopback(rule).Load(NftMeta.InputName).In("bridges").Drop());
        batch.AddRule("guard", rule => DestinationIsLoopback(rule).Load(NftMeta.InputName).In("bridges").Drop());

        // What comes from another machine for 127.0.0.1 must not be translated: that would publish it to the neighbours.
        batch.AddRule("prerouting", rule => DestinationIsLoopback(rule).Return());
        AddTranslation(batch, "prerouting");
        batch.AddRule("output", rule => rule.Family(NftFamily.IPv6).LoadNetwork(24, 16).Equal(IPAddress.IPv6Loopback.GetAddressBytes()).Return());
        AddTranslation(batch, "output");
        AddSourceRules(batch);
        AddForwardRules(batch);
    }

    private static void AddTranslation(NftBatch batch, string chain)
    {
        batch.AddRule(chain, rule => rule.DestinationIsLocal().Family(NftFamily.IPv4)
            .Load(NftMeta.TransportProtocol).LoadNetwork(16, 4, register: 1).LoadTransport(2, 2, register: 2).Map("ports4").TranslateDestination(NftFamily.IPv4));
        batch.AddRule(chain, rule => rule.DestinationIsLocal().Family(NftFamily.IPv4)
            .Load(NftMeta.TransportProtocol).LoadTransport(2, 2, register: 1).Map("ports4_any").TranslateDestination(NftFamily.IPv4));
        batch.AddRule(chain, rule => rule.DestinationIsLocal().Family(NftFamily.IPv6)
            .Load(NftMeta.TransportProtocol).LoadNetwork(24, 16, register: 1).LoadTransport(2, 2, register: 5).Map("ports6").TranslateDestination(NftFamily.IPv6));
        batch.AddRule(chain, rule => rule.DestinationIsLocal().Family(NftFamily.IPv6)
            .Load(NftMeta.TransportProtocol).LoadTransport(2, 2, register: 1).Map("ports6_any").TranslateDestination(NftFamily.IPv6));
    }

    private static void AddSourceRules(NftBatch batch)
    {
        const string chain = "postrouting";
        foreach (var (family, offset, length, local, masquerade) in new[]
        {
            (NftFamily.IPv4, 12, 4, "local4", "masquerade4"),
            (NftFamily.IPv6, 8, 16, "local6", "masquerade6"),
        })
        {
            var nameRegister = length / 4;

            // A container that reaches a neighbour by the host's address: the neighbour would answer it directly, past the translation.
            batch.AddRule(chain, rule => rule.WasDestinationTranslated().Family(family)
                .LoadNetwork(offset, length).Load(NftMeta.OutputName, nameRegister).In(local).Masquerade());
            batch.AddRule(chain, rule => rule.Family(family).LoadNetwork(offset, length).Load(NftMeta.OutputName, nameRegister).In(local).Accept());
            if (family == NftFamily.IPv4)
            {
                batch.AddRule(chain, rule => SourceIsLoopback(rule).Load(NftMeta.OutputName).In("bridges").Masquerade());
            }

            batch.AddRule(chain, rule => rule.Family(family).LoadNetwork(offset, length).In(masquerade).Masquerade());
        }
    }

    private void AddForwardRules(NftBatch batch)
    {
        const string chain = "forward";
        batch.AddRule(chain, rule => rule.Load(NftMeta.OutputName).In("bridges").IsEstablishedOrRelated().Accept());
        batch.AddRule(chain, rule => rule.Load(NftMeta.InputName).In("bridges").IsEstablishedOrRelated().Accept());
        batch.AddRule(chain, rule => rule.Load(NftMeta.InputName).Load(NftMeta.OutputName, register: 4).In("same").Accept());
        batch.AddRule(chain, rule => rule.Load(NftMeta.InputName).In("internal").Drop());
        batch.AddRule(chain, rule => rule.Load(NftMeta.OutputName).In("internal").Drop());
        batch.AddRule(chain, rule => rule.Load(NftMeta.OutputName).In("bridges").WasDestinationTranslated().Accept());
        AddUntranslatedWays(batch, chain);
        batch.AddRule(chain, rule => rule.Load(NftMeta.OutputName).In("bridges").Drop());
        if (GuardsForwarding)
        {
            // The host was no router before this daemon needed forwarding, and does not become one between its network
            // cards now. Bridges, tunnels and other engines' interfaces have a kind and are left to those who made them.
            var none = new byte[16];
            batch.AddRule(chain, rule => rule.Load(NftMeta.InputKind).NotEqual(none).Accept());
            batch.AddRule(chain, rule => rule.Load(NftMeta.OutputKind).NotEqual(none).Accept());
            batch.AddRule(chain, rule => rule.Drop());
        }
    }

    // The gateway modes other than nat. A neighbour that is asked at its own address must be able to say why it does not answer: ICMP.
    private static void AddUntranslatedWays(NftBatch batch, string chain)
    {
        const byte icmp = 1, icmpV6 = 58;
        batch.AddRule(chain, rule => rule.Load(NftMeta.OutputName).In("bridges").Family(NftFamily.IPv4)
            .Load(NftMeta.TransportProtocol).LoadNetwork(16, 4, register: 1).LoadTransport(2, 2, register: 2).In("open4").Accept());
        batch.AddRule(chain, rule => rule.Load(NftMeta.OutputName).In("bridges").Family(NftFamily.IPv6)
            .Load(NftMeta.TransportProtocol).LoadNetwork(24, 16, register: 1).LoadTransport(2, 2, register: 5).In("open6").Accept());
        foreach (var (family, suffix, messages) in new[] { (NftFamily.IPv4, "4", icmp), (NftFamily.IPv6, "6", icmpV6) })
        {
            batch.AddRule(chain, rule => rule.Family(family).Load(NftMeta.OutputName).In("routed" + suffix).Load(NftMeta.TransportProtocol).Equal([messages]).Accept());
            batch.AddRule(chain, rule => rule.Family(family).Load(NftMeta.OutputName).In("direct" + suffix)
                .Load(NftMeta.InputName).In("bridges", inverted: true).Accept());
        }
    }

    /// <summary>Adds or deletes all elements that a network has.</summary>
    private static void ElementsOf(FirewallNetwork network, ElementChange change)
    {
        var name = NftRule.NameBytes(network.Bridge);
        change("bridges", name);
        if (network.Internal)
        {
            change("internal", name);
        }

        if (network.InterContainerCommunication)
        {
            change("same", [.. name, .. name]);
        }

        foreach (var (subnet, mode) in new[] { (network.IPv4, network.GatewayModeIPv4), (network.IPv6, network.GatewayModeIPv6) })
        {
            if (subnet is { } present)
            {
                ElementsOf(network, present, mode, name, change);
            }
        }
    }

    private static void ElementsOf(FirewallNetwork network, IPNetwork subnet, GatewayMode mode, byte[] name, ElementChange change)
    {
        var family = subnet.IsIPv6() ? "6" : "4";
        var bits = Subnets.Bits(subnet.BaseAddress);
        var (first, last) = Subnets.Range(subnet);
        var firstBytes = Subnets.FromNumber(first, bits).GetAddressBytes();
        var lastBytes = Subnets.FromNumber(last, bits).GetAddressBytes();
        change("local" + family, [.. firstBytes, .. name], keyEnd: [.. lastBytes, .. name]);
        if (network.Internal)
        {
            return;
        }

        if (network.Masquerade && mode != GatewayMode.Routed)
        {
            change("masquerade" + family, firstBytes);
            change("masquerade" + family, Subnets.FromNumber(last + 1, bits).GetAddressBytes(), endsInterval: true);
        }

        if (mode is GatewayMode.Routed or GatewayMode.NatUnprotected)
        {
            change((mode == GatewayMode.Routed ? "routed" : "direct") + family, name);
        }
    }

    private static void AddPort(NftBatch batch, FirewallPort port)
    {
        if (port.IsOpenedOnly)
        {
            batch.AddElement(SetFor(port), KeyOf(port));
            return;
        }

        batch.AddElement(SetFor(port), KeyOf(port), [.. port.TargetAddress.GetAddressBytes(), .. Padded(port.TargetPort)]);
    }

    private static string SetFor(FirewallPort port)
    {
        var family = port.HostAddress.AddressFamily == AddressFamily.InterNetworkV6 ? "6" : "4";
        return port.IsOpenedOnly ? "open" + family : $"ports{family}{(IsAny(port.HostAddress) ? "_any" : "")}";
    }

    private static byte[] KeyOf(FirewallPort port)
    {
        byte[] protocol = [(byte)port.Protocol, 0, 0, 0];
        return IsAny(port.HostAddress)
            ? [.. protocol, .. Padded(port.HostPort)]
            : [.. protocol, .. port.HostAddress.GetAddressBytes(), .. Padded(port.HostPort)];
    }

    private static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static byte[] Padded(ushort port)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, port);
        return bytes;
    }

    private static NftRule SourceIsLoopback(NftRule rule) => rule.Family(NftFamily.IPv4).LoadNetwork(12, 1).Equal([127]);

    private static NftRule DestinationIsLoopback(NftRule rule) => rule.Family(NftFamily.IPv4).LoadNetwork(16, 1).Equal([127]);

    private delegate void ElementChange(string set, ReadOnlySpan<byte> key, ReadOnlySpan<byte> data = default, ReadOnlySpan<byte> keyEnd = default, bool endsInterval = false);
}
