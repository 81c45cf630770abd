using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;
using static Berth.Kernel.Tests.Networks.NetworkWorld;

namespace Berth.Kernel.Tests.Networks;

/// <summary>The host's side of networks without the service above it: rules, modes, parents.</summary>
public sealed class FirewallTests : IDisposable
{
    private readonly NetworkWorld _world;
    private readonly SafeFileHandle _home;
    private readonly List<IDisposable> _owned = [];

    public FirewallTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: makes network namespaces");
        _world = new NetworkWorld();
        _home = NetworkNamespaces.Open(_world.HostNamespacePath);
    }

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        _home?.Dispose();
        _world?.Dispose();
    }

    [Fact]
    public async Task GatewayModes_OfThreeNetworks_AreAsDocumented()
    {
        _world.Save(
            Network("routed", 1) with { GatewayModeIPv4 = GatewayMode.Routed, GatewayModeIPv6 = GatewayMode.Routed },
            Network("bare", 2) with { GatewayModeIPv4 = GatewayMode.NatUnprotected, GatewayModeIPv6 = GatewayMode.NatUnprotected },
            Network("apart", 3) with { GatewayModeIPv4 = GatewayMode.Isolated, GatewayModeIPv6 = GatewayMode.Isolated, Internal = true });
        await using var daemon = await _world.StartAsync();
        using var routed = await daemon.AttachToAsync("routed", "r", Port("80/tcp", "8080"));
        using var bare = await daemon.AttachToAsync("bare", "b", Port("80/tcp", "8081"));
        using var apart = await daemon.AttachToAsync("apart", "a");
        foreach (var container in new[] { routed, bare, apart })
        {
            foreach (var port in new[] { 80, 81 })
            {
                _owned.Add(await ListenAsync(_world.Inside(container), IPAddress.Any, port));
                _owned.Add(await ListenAsync(_world.Inside(container), IPAddress.IPv6Any, port));
            }
        }

        _owned.Add(await ListenAsync(_world.Neighbour, IPAddress.Any, 7000));
        var (r, b, a) = (routed.Networking.Endpoints[0], bare.Networking.Endpoints[0], apart.Networking.Endpoints[0]);

        // Routed: no translation, and the published port alone.
        var b4 = b.IPv4Address!;
        Assert.Equal([$"{r.IPv4Address}:80", $"[{r.IPv6Address}]:80"], routed.Networking.Ports.Select(port => new IPEndPoint(port.HostAddress, port.HostPort).ToString()));
        Assert.Equal(NeighbourAddress.ToString(), await AskAsync(_world.Neighbour, r.IPv4Address!, 80));
        Assert.Equal("2001:db8:1::2", await AskAsync(_world.Neighbour, r.IPv6Address!, 80));
        Assert.Equal(r.IPv4Gateway!.ToString(), await AskAsync(_world.Inside(bare), r.IPv4Address!, 80)); // from another network, which translates what leaves it
        Assert.Equal(r.IPv4Address!.ToString(), await AskAsync(_world.Inside(routed), NeighbourAddress, 7000)); // as itself
        Assert.Null(await AskAsync(_world.Neighbour, r.IPv4Address!, 81));
        Assert.Null(await AskAsync(_world.Neighbour, HostAddress, 8080));
        // Unprotected: as nat, and every port for who has a route.
        Assert.Equal(NeighbourAddress.ToString(), await AskAsync(_world.Neighbour, HostAddress, 8081));
        Assert.Equal(NeighbourAddress.ToString(), await AskAsync(_world.Neighbour, b4, 81));
        Assert.Equal("2001:db8:1::2", await AskAsync(_world.Neighbour, b.IPv6Address!, 81));
        Assert.Equal(HostAddress.ToString(), await AskAsync(_world.Inside(bare), NeighbourAddress, 7000));
        Assert.Null(await AskAsync(_world.Inside(routed), b4, 81)); // but for the engine's other networks
        // Isolated: not even the host.
        Assert.Null(await AskAsync(_world.Host, a.IPv4Address!, 80));
        Assert.Null(await AskAsync(_world.Neighbour, a.IPv4Address!, 80));
        foreach (var name in new[] { "r", "b", "a" })
        {
            await daemon.Networks.ReleaseAsync(NetworkDaemon.Id(name));
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Networks_AddedAndRemovedWhileOthersFlush_LeaveWhatARebuildMakes(bool ownTable)
    {
        using var host = Open(ownTable);
        await host.RunAsync(opened =>
        {
            opened.Firewall.Restore([], []);
            opened.WatchFirewall();
        });

        for (var i = 0; i < 40; i++)
        {
            var network = Network($"n{i}", i) with
            {
                Internal = i % 5 == 0,
                InterContainerCommunication = i % 3 != 0,
                Masquerade = i % 7 != 0,
                GatewayModeIPv4 = i % 4 == 1 ? GatewayMode.Routed : GatewayMode.Nat,
                GatewayModeIPv6 = i % 4 == 2 ? GatewayMode.NatUnprotected : GatewayMode.Nat,
            };
            var port = new FirewallPort(PortProtocol.Tcp, IPAddress.Any, (ushort)(8000 + i), IPAddress.Parse($"10.80.{i}.2"), 80);
            await host.RunAsync(opened =>
            {
                opened.Firewall.AddNetwork(FirewallNetwork.From(network));
                opened.Firewall.AddPorts([port]);
                if (i % 2 == 1)
                {
                    opened.Firewall.RemovePorts([port]);
                    opened.Firewall.RemoveNetwork(network.Bridge!);
                }
            });
            if (i % 8 == 0)
            {
                _world.Nft("flush", "ruleset");
            }
        }

        Assert.Equal(20, Elements("bridges").Count); // whatever was flushed
        if (!ownTable)
        {
            _world.Nft("delete", "table", "inet", "berth");
            await EventuallyAsync(() => Elements("bridges").Count == 20);
        }
        else
        {
            Assert.Throws<InvalidOperationException>(() => _world.Nft("delete", "table", "inet", "berth"));
        }

        var grown = Sets();
        await host.RunAsync(opened => opened.Firewall.Rebuild());
        Assert.Equal(grown, Sets());
        await host.RunAsync(opened => opened.Firewall.Remove());
    }

    [Fact]
    public async Task FiveHundredNetworksAndPorts_CostEachWhatTheFirstDid()
    {
        const int count = 500;
        using var host = Open(ownTable: true);
        var (networks, ports, removals) = (new double[count], new double[count], new double[count]);
        await host.RunAsync(opened =>
        {
            opened.Firewall.Restore([], []);
            for (var i = 0; i < count; i++)
            {
                var network = FirewallNetwork.From(Network($"n{i}", i));
                networks[i] = Measure(() => opened.Firewall.AddNetwork(network));
                ports[i] = Measure(() => opened.Firewall.AddPorts([new FirewallPort(PortProtocol.Tcp, IPAddress.Any, (ushort)(8000 + i), IPAddress.Parse("10.80.0.2"), 80)]));
            }

            for (var i = count - 1; i >= 0; i--)
            {
                removals[i] = Measure(() => opened.Firewall.RemoveNetwork("br-n" + i));
            }

            opened.Firewall.Remove();
        });

        var text = $"milliseconds, median of 50: network first {Median(networks[..50]):F2}, last {Median(networks[^50..]):F2}; port first {Median(ports[..50]):F2}, last {Median(ports[^50..]):F2}; removal of a network {Median(removals[^50..]):F2}, {Median(removals[..50]):F2}";
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        Assert.True(Median(ports[^50..]) < (4 * Median(ports[..50])) + 1, text);
        Assert.True(Median(networks[^50..]) < 50, text);
    }

    [Fact]
    public async Task Reservations_OfTheFiveHundredthPort_CostWhatTheFirstDid()
    {
        const int count = 500;
        using var host = Open(ownTable: true);
        var costs = await host.RunAsync(opened =>
        {
            var times = new double[count];
            for (var i = 0; i < count; i++)
            {
                var port = (ushort)(10000 + i);
                var request = new PortRequest(new ContainerPort(80, PortProtocol.Tcp), null, port, port);
                times[i] = Measure(() => opened.Ports.Hold(request, [new PortWay(IPAddress.Any, IPAddress.Parse("10.80.0.2")), new PortWay(IPAddress.IPv6Any, IPAddress.Parse("10.80.0.2"))], ("c", "e")));
            }

            return times;
        });

        var text = $"milliseconds, median of 50: first {Median(costs[..50]):F3}, last {Median(costs[^50..]):F3}";
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        Assert.True(Median(costs[^50..]) < (4 * Median(costs[..50])) + 0.5, text);
    }

    [Fact]
    public async Task Macvlan_OnAnInterfaceOfTheHost_IsReachedByItsNeighboursAndNotByTheHost()
    {
        using var host = Open(ownTable: true);
        using var factory = new SandboxFactory(_home, 0, NullLogger.Instance);
        var network = Child("lan", "macvlan", "lan0", "bridge");
        var index = await EnsureOrSkipAsync(host, network);
        var one = await JoinAsync(host, factory, network, index, "198.51.100.10");
        var two = await JoinAsync(host, factory, network, index, "198.51.100.11");
        _owned.Add(await ListenAsync(one, IPAddress.Any, 80));

        Assert.Equal(NeighbourAddress.ToString(), await AskAsync(_world.Neighbour, IPAddress.Parse("198.51.100.10"), 80));
        Assert.Equal("198.51.100.11", await AskAsync(two, IPAddress.Parse("198.51.100.10"), 80));
        Assert.Null(await AskAsync(_world.Host, IPAddress.Parse("198.51.100.10"), 80));
        await host.RunAsync(opened => opened.RemoveParent(network));
        Assert.Contains(await _world.LinksAsync(), link => link.Name == "lan0"); // was there before
    }

    [Theory]
    [InlineData("private")]
    [InlineData("vepa")]
    public async Task Macvlan_ModesThatSeparate_KeepContainersApart(string mode)
    {
        using var host = Open(ownTable: true);
        using var factory = new SandboxFactory(_home, 0, NullLogger.Instance);
        var network = Child("lan", "macvlan", "lan0", mode);
        var index = await EnsureOrSkipAsync(host, network);
        var one = await JoinAsync(host, factory, network, index, "198.51.100.10");
        var two = await JoinAsync(host, factory, network, index, "198.51.100.11");
        _owned.Add(await ListenAsync(one, IPAddress.Any, 80));

        Assert.NotNull(await AskAsync(_world.Neighbour, IPAddress.Parse("198.51.100.10"), 80));
        Assert.Null(await AskAsync(two, IPAddress.Parse("198.51.100.10"), 80));
    }

    [Fact]
    public async Task Macvlan_Passthru_HasOneContainer()
    {
        using var host = Open(ownTable: true);
        using var factory = new SandboxFactory(_home, 0, NullLogger.Instance);
        var network = Child("lan", "macvlan", "lan0", "passthru");
        var index = await EnsureOrSkipAsync(host, network);
        await JoinAsync(host, factory, network, index, "198.51.100.10");

        var error = await Assert.ThrowsAsync<EngineException>(() => JoinAsync(host, factory, network, index, "198.51.100.11"));

        Assert.Contains("passthru", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Macvlan_WithoutAParent_ConnectsItsContainersAlone()
    {
        using var host = Open(ownTable: true);
        using var factory = new SandboxFactory(_home, 0, NullLogger.Instance);
        var network = Child("own", "macvlan", parent: null, mode: null);
        var index = await EnsureOrSkipAsync(host, network);
        var one = await JoinAsync(host, factory, network, index, "10.90.0.2");
        var two = await JoinAsync(host, factory, network, index, "10.90.0.3");
        _owned.Add(await ListenAsync(one, IPAddress.Any, 80));

        Assert.Equal("10.90.0.3", await AskAsync(two, IPAddress.Parse("10.90.0.2"), 80));
        await host.RunAsync(opened => opened.RemoveParent(network));
        Assert.All(await _world.LinksAsync(), link => Assert.Contains(link.Name, (string[])["lo", "lan0"]));
    }

    [Theory]
    [InlineData("nothere0", "no such interface")]
    [InlineData("nothere0.10", "no interface nothere0")]
    [InlineData("lan0.4095", "no such interface")]
    [InlineData("a-name-that-is-too-long", "15 characters")]
    public async Task Parent_ThatCantBe_IsRefusedInWords(string parent, string words)
    {
        using var host = Open(ownTable: true);
        await EnsureOrSkipAsync(host, Child("lan", "macvlan", "lan0", null));

        var error = await Assert.ThrowsAsync<EngineException>(() => host.RunAsync(opened => opened.EnsureBridge(Child("n", "macvlan", parent, null))));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Parent_ThatIsAVlan_IsMadeAndRemovedOrRefusedByTheKernelsName()
    {
        using var host = Open(ownTable: true);
        var network = Child("lan", "macvlan", "lan0.10", null);
        try
        {
            await host.RunAsync(opened => opened.EnsureBridge(network));
        }
        catch (EngineException refused) when (refused.Message.Contains("8021q", StringComparison.Ordinal))
        {
            return; // this kernel has none
        }

        Assert.Contains(await _world.LinksAsync(), link => link.Name == "lan0.10" && link.IsUp);
        await host.RunAsync(opened => opened.RemoveParent(network));
        Assert.DoesNotContain(await _world.LinksAsync(), link => link.Name == "lan0.10");
    }

    [Fact]
    public async Task Ipvlan_OnAnInterfaceOfTheHost_ReachesNeighboursOrIsRefusedByName()
    {
        using var host = Open(ownTable: true);
        using var factory = new SandboxFactory(_home, 0, NullLogger.Instance);
        var network = Child("lan", "ipvlan", "lan0", "l2");
        int index;
        try
        {
            index = await host.RunAsync(opened => opened.EnsureBridge(network));
        }
        catch (EngineException refused)
        {
            Assert.Contains("has no ipvlan", refused.Message, StringComparison.Ordinal);
            return;
        }

        var one = await JoinAsync(host, factory, network, index, "198.51.100.10");
        _owned.Add(await ListenAsync(one, IPAddress.Any, 80));
        Assert.NotNull(await AskAsync(_world.Neighbour, IPAddress.Parse("198.51.100.10"), 80));
    }

    [Fact]
    public async Task OthersChains_ThatDropForwarded_AreFound()
    {
        _world.Nft("add", "table", "ip", "filter");
        _world.Nft("add", "chain", "ip", "filter", "FORWARD", "{ type filter hook forward priority 0; policy drop; }");
        _world.Nft("add", "chain", "ip", "filter", "INPUT", "{ type filter hook input priority 0; policy drop; }");

        var found = await _world.Host.RunAsync(() =>
        {
            using var socket = NetlinkSocket.Open(NetlinkProtocol.Netfilter);
            return NftBatch.ChainsThatDropForwarded(socket);
        });

        Assert.Equal([new NftChain(NftFamily.IPv4, "filter", "FORWARD")], found);
    }

    private static NetworkRecord Network(string name, int number) => new()
    {
        Id = NetworkDaemon.Id("network " + name),
        Name = name,
        Driver = NetworkDriver.Bridge,
        Created = DateTimeOffset.UnixEpoch,
        Bridge = "br-" + name,
        IPv4 = Plan($"10.{80 + (number / 250)}.{number % 250}.0/24"), // neighbours in the address space, as networks are
        IPv6 = Plan($"fd80:{number + 1:x}::/64"),
    };

    private static NetworkRecord Child(string name, string driver, string? parent, string? mode) => new()
    {
        Id = NetworkDaemon.Id("network " + name),
        Name = name,
        Driver = driver,
        Created = DateTimeOffset.UnixEpoch,
        Parent = parent,
        Mode = mode,
    };

    private static AddressPlan Plan(string subnet)
    {
        var network = IPNetwork.Parse(subnet);
        return new AddressPlan(network, Subnets.FromNumber(Subnets.Range(network).First + 1, Subnets.Bits(network.BaseAddress)), network);
    }

    private static PortRequest Port(string container, string port) => PortRequest.Parse(
        [new KeyValuePair<string, IReadOnlyList<(string HostAddress, string HostPort)>>(container, [("", port)])], [], publishAll: false).Single();

    private static double Measure(Action action)
    {
        var watch = Stopwatch.StartNew();
        action();
        return watch.Elapsed.TotalMilliseconds;
    }

    private static double Median(double[] values) => values.Order().ElementAt(values.Length / 2);

    private static async Task EventuallyAsync(Func<bool> condition)
    {
        var deadline = Environment.TickCount64 + 1000; // the promise
        while (!condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "not within a second");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    private static async Task<int> EnsureOrSkipAsync(HostNetwork host, NetworkRecord network)
    {
        try
        {
            return await host.RunAsync(opened => opened.EnsureBridge(network));
        }
        catch (EngineException refused)
        {
            Assert.SkipWhen(refused.Message.Contains("kernel has no", StringComparison.Ordinal), refused.Message);
            throw;
        }
    }

    private async Task<NetworkThread> JoinAsync(HostNetwork host, SandboxFactory factory, NetworkRecord network, int parent, string address)
    {
        var sandbox = await factory.MakeAsync(hasIPv6: false);
        _owned.Add(sandbox);
        var link = await host.RunAsync(opened => opened.AddLink(network, parent, sandbox, "", "eth0"));
        sandbox.Inside.Apply(new RtnetlinkChanges().SetUp(link.InnerIndex).AddAddress(link.InnerIndex, IPAddress.Parse(address), 24));
        var thread = new NetworkThread("container", sandbox.Namespace);
        _owned.Insert(0, thread);
        return thread;
    }

    private HostNetwork Open(bool ownTable) => HostNetwork.Open(_home, new NetworkOptions { OwnTable = ownTable }, NullLogger.Instance);

    private List<string> Elements(string set)
    {
        var text = _world.Nft("list", "set", "inet", "berth", set);
        var found = Regex.Match(text, @"elements = \{(.*)\}\s*\}\s*\}", RegexOptions.Singleline);
        return found.Success ? [.. found.Groups[1].Value.Split(',').Select(element => element.Trim()).Order()] : [];
    }

    private string[] Sets() =>
    [
        .. from set in new[] { "bridges", "internal", "same", "local4", "local6", "masquerade4", "masquerade6", "routed4", "routed6", "direct4", "direct6" }
           from element in Elements(set)
           select $"{set} {element}",
    ];
}
