using System.Globalization;
using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Linux.Netlink;
using static Berth.Kernel.Tests.Networks.NetworkWorld;

namespace Berth.Kernel.Tests.Networks;

/// <summary>Networks that users make, and containers that come to them and leave them while they run.</summary>
public sealed class UserNetworkTests : IDisposable
{
    private readonly NetworkWorld _world;

    public UserNetworkTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: makes network namespaces");
        _world = new NetworkWorld();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _world?.Dispose();

    [Fact]
    public async Task Create_MakesABridgeWithItsGateway_AndRemoveTakesItAway()
    {
        await using var daemon = await _world.StartAsync();

        var network = await CreateAsync(daemon, "n", new IpamPool { Subnet = "10.44.0.0/24", Gateway = "10.44.0.254" });

        var (links, addresses) = await HostStateAsync();
        var bridge = Assert.Single(links, link => link.Name == network.Bridge);
        Assert.Equal($"br-{network.Id[..12]}", network.Bridge);
        Assert.Contains(addresses, address => address.LinkIndex == bridge.Index && address.Address.ToString() == "10.44.0.254" && address.PrefixLength == 24);
        await daemon.Networks.RemoveAsync("n", Token);
        Assert.DoesNotContain((await HostStateAsync()).Links, link => link.Name == network.Bridge);
        Assert.Null(daemon.Networks.Find("n"));
        Assert.DoesNotContain(network.Bridge!, _world.Nft("list", "ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WhatAnotherNetworkHas_IsRefused()
    {
        await using var daemon = await _world.StartAsync();
        await CreateAsync(daemon, "n", new IpamPool { Subnet = "10.44.0.0/16" });

        Assert.Equal(ErrorKind.Conflict, (await Assert.ThrowsAsync<EngineException>(() => CreateAsync(daemon, "n"))).Kind);
        var overlap = await Assert.ThrowsAsync<EngineException>(() => CreateAsync(daemon, "m", new IpamPool { Subnet = "10.44.7.0/24" }));
        Assert.Equal(ErrorKind.Forbidden, overlap.Kind);
        Assert.Contains("Pool overlaps with other one on this address space", overlap.Message, StringComparison.Ordinal);
        Assert.Equal(ErrorKind.Forbidden, (await Assert.ThrowsAsync<EngineException>(() => daemon.Networks.CreateAsync(
            new NetworkCreateRequest { Name = "m", Options = new() { ["com.docker.network.bridge.name"] = "berth0" } }, Token))).Kind);
        Assert.Equal(4, daemon.Networks.List().Count); // nothing was made of those refused
    }

    [Fact]
    public async Task Create_WithoutASubnet_ChoosesOneBesideTheHostsRoutesAndOtherNetworks()
    {
        await using var daemon = await _world.StartAsync();
        await _world.Host.RunAsync(() => Run("ip", "route", "add", "172.19.0.0/16", "via", NeighbourAddress.ToString()));

        var first = await CreateAsync(daemon, "one");
        var second = await CreateAsync(daemon, "two");

        Assert.Equal(("172.18.0.0/16", "172.20.0.0/16"), (first.IPv4!.Subnet.ToString(), second.IPv4!.Subnet.ToString()));
        await daemon.Networks.RemoveAsync("one", Token);
        Assert.Equal("172.18.0.0/16", (await CreateAsync(daemon, "three")).IPv4!.Subnet.ToString());
    }

    [Fact]
    public async Task Attach_ToThreeNetworks_HasAnInterfaceOnEachAndOneWayOut()
    {
        await using var daemon = await _world.StartAsync();
        await CreateAsync(daemon, "n", new IpamPool { Subnet = "10.44.0.0/24", IPRange = "10.44.0.64/30", AuxiliaryAddresses = new() { ["p"] = "10.44.0.65" } });
        await CreateAsync(daemon, "m", new IpamPool { Subnet = "10.45.0.0/24" });
        using var web = await daemon.Networks.AttachAsync(
            new NetworkAttachRequest
            {
                ContainerId = NetworkDaemon.Id("web"),
                Name = "web",
                NetworkMode = "n",
                FurtherEndpoints = new Dictionary<string, EndpointRequest>
                {
                    ["bridge"] = new(),
                    ["m"] = new()
                    {
                        IPv4Address = "10.45.0.77",
                        GatewayPriority = 1,
                        LinkLocalAddresses = ["169.254.7.7"],
                        DriverOptions = new Dictionary<string, string>
                        {
                            [EndpointOptions.InterfaceName] = "lan0",
                            [EndpointOptions.Sysctls] = "net.ipv4.conf.IFNAME.log_martians=1",
                        },
                    },
                },
            },
            Token);

        // The default network, then by priority, then by name.
        Assert.Equal(["eth0", "lan0", "eth1"], web.Networking.Endpoints.Select(endpoint => endpoint.InterfaceName));
        Assert.Equal("10.44.0.66", web.Networking.Endpoints[2].IPv4Address!.ToString()); // .64 is the gateway's, .65 is kept
        var state = await InsideAsync(_world.Inside(web));
        Assert.Equal("lan0", state.DefaultLink(isIPv6: false));
        Assert.Contains("10.45.0.77", state.Addresses);
        Assert.Contains("169.254.7.7", state.Addresses);
        Assert.Equal("1", await _world.Inside(web).RunAsync(() => HostSettings.Read("net/ipv4/conf/lan0/log_martians")));
        await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));
    }

    [Fact]
    public async Task Attach_WithAnAddressThatCantBeHad_SaysWhyAndTakesNothing()
    {
        await using var daemon = await _world.StartAsync();
        await CreateAsync(daemon, "n", new IpamPool { Subnet = "10.44.0.0/24" });
        await CreateAsync(daemon, "chosen");
        using var web = await AttachAsync(daemon, "web", "n", new EndpointRequest { IPv4Address = "10.44.0.9" });

        Assert.Contains("Address already in use", await RefusalAsync("n", "10.44.0.9"), StringComparison.Ordinal);
        Assert.Contains("10.44.0.0/24", await RefusalAsync("n", "10.9.9.9"), StringComparison.Ordinal);
        Assert.Contains("reserved", await RefusalAsync("n", "10.44.0.1"), StringComparison.Ordinal); // the gateway's
        Assert.Contains("user configured subnets", await RefusalAsync("chosen", "172.18.0.9"), StringComparison.Ordinal);
        Assert.Contains("user defined networks only", await RefusalAsync("bridge", "172.17.0.9"), StringComparison.Ordinal);
        await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));
        await daemon.Networks.RemoveAsync("n", Token); // nothing of those refused holds it
        await daemon.Networks.RemoveAsync("chosen", Token);

        async Task<string> RefusalAsync(string network, string address) => (await Assert.ThrowsAsync<EngineException>(
            () => AttachAsync(daemon, "other", network, new EndpointRequest { IPv4Address = address }))).Message;
    }

    [Fact]
    public async Task IPv6_AloneOrWithIPv4_GivesAddressesAndAWayOut()
    {
        await using var daemon = await _world.StartAsync();
        var six = await daemon.Networks.CreateAsync(new NetworkCreateRequest { Name = "six", EnableIPv4 = false, EnableIPv6 = true }, Token);
        await daemon.Networks.CreateAsync(
            new NetworkCreateRequest { Name = "dual", EnableIPv6 = true, IPAM = new Ipam { Config = [new() { Subnet = "fd00:44::/64" }, new() { Subnet = "10.44.0.0/24" }] } }, Token);
        using var alone = await AttachAsync(daemon, "alone", "six");
        using var both = await AttachAsync(daemon, "both", "dual", new EndpointRequest { IPv6Address = "fd00:44::99" });

        Assert.Null(alone.Networking.Endpoints[0].IPv4Address);
        Assert.True(six.IPv6!.Subnet.Contains(alone.Networking.Endpoints[0].IPv6Address!));
        Assert.Equal("eth0", (await InsideAsync(_world.Inside(alone))).DefaultLink(isIPv6: true));
        Assert.Null((await InsideAsync(_world.Inside(alone))).DefaultLink(isIPv6: false));
        var state = await InsideAsync(_world.Inside(both));
        Assert.Contains("fd00:44::99", state.Addresses);
        Assert.Contains("10.44.0.2", state.Addresses);
        Assert.Equal(("eth0", "eth0"), (state.DefaultLink(isIPv6: true), state.DefaultLink(isIPv6: false)));
        using var listener = await ListenAsync(_world.Inside(both), IPAddress.IPv6Any, 80);
        Assert.NotNull(await AskAsync(_world.Host, IPAddress.Parse("fd00:44::99"), 80));
        await ReleaseAsync(daemon, "alone", "both");
    }

    [Fact]
    public async Task Connect_OfARunningContainer_MovesTheWayOutAndThePort_AndDisconnectMovesThemBack()
    {
        await using var daemon = await _world.StartAsync();
        await CreateAsync(daemon, "n", new IpamPool { Subnet = "10.44.0.0/24" });
        var ports = new[] { Publish("80/tcp", "", "8080") };
        using var web = await daemon.AttachAsync("web", ports);
        using var neighbour = await AttachAsync(daemon, "neighbour", "n");
        var inside = _world.Inside(web);
        using var listener = await ListenAsync(inside, IPAddress.Any, 80);

        await ConnectAsync(daemon, "web", "n", inside, new EndpointRequest { GatewayPriority = 1, IPv4Address = "10.44.0.50" }, ports);

        var links = await _world.LinksAsync();
        var bridge = links.Single(link => link.Name == daemon.Networks.Resolve("n").Bridge);
        Assert.All(links.Where(link => link.Master == bridge.Index), link => Assert.True(link.IsRunning, $"{link.Name} carries packets as soon as it is connected"));
        Assert.Equal("eth1", (await InsideAsync(inside)).DefaultLink(isIPv6: false));
        Assert.Equal("10.44.0.50", Target(daemon));
        Assert.NotNull(await AskAsync(_world.Inside(neighbour), IPAddress.Parse("10.44.0.50"), 80));
        Assert.NotNull(await AskAsync(_world.Neighbour, HostAddress, 8080));
        Assert.Equal(["bridge", "n"], daemon.Networks.NetworksOf(NetworkDaemon.Id("web")).Select(network => network.Name));
        Assert.Equal(ErrorKind.Forbidden, (await Assert.ThrowsAsync<EngineException>(() => ConnectAsync(daemon, "web", "n", inside, new EndpointRequest(), ports))).Kind);

        var n = daemon.Networks.Resolve("n").Id;
        await daemon.Networks.DisconnectAsync(NetworkDaemon.Id("web"), n, await ThreadIdAsync(inside), ports);

        var after = await InsideAsync(inside);
        Assert.Equal("eth0", after.DefaultLink(isIPv6: false));
        Assert.DoesNotContain("10.44.0.50", after.Addresses);
        Assert.Equal("172.17.0.2", Target(daemon));
        Assert.NotNull(await AskAsync(_world.Neighbour, HostAddress, 8080));
        using var takes = await AttachAsync(daemon, "takes", "n", new EndpointRequest { IPv4Address = "10.44.0.50" }); // given back
        Assert.Equal(ErrorKind.Forbidden, (await Assert.ThrowsAsync<EngineException>(() => daemon.Networks.DisconnectAsync(NetworkDaemon.Id("web"), n, 0, ports))).Kind);
        await ReleaseAsync(daemon, "web", "neighbour", "takes");

        static string Target(NetworkDaemon daemon) => daemon.Database.Read(session => session.FindText("SELECT target_address FROM network_ports"))!;
    }

    [Fact]
    public async Task Connect_ToIPv6_WorksWhereTheNamespaceWasMadeWithout()
    {
        await using var daemon = await _world.StartAsync();
        await daemon.Networks.CreateAsync(new NetworkCreateRequest { Name = "six", EnableIPv4 = false, EnableIPv6 = true }, Token);
        using var web = await daemon.AttachAsync("web");
        var inside = _world.Inside(web);

        await ConnectAsync(daemon, "web", "six", inside, new EndpointRequest());

        var state = await InsideAsync(inside);
        Assert.Equal(("eth0", "eth1"), (state.DefaultLink(isIPv6: false), state.DefaultLink(isIPv6: true)));
        await daemon.Networks.DisconnectAsync(NetworkDaemon.Id("web"), daemon.Networks.Resolve("bridge").Id, await ThreadIdAsync(inside), []);
        state = await InsideAsync(inside);
        Assert.Equal((null, "eth1"), (state.DefaultLink(isIPv6: false), state.DefaultLink(isIPv6: true)));
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task Connect_WhereTheNamespaceHasAnotherProcessNow_IsRefused()
    {
        await using var daemon = await _world.StartAsync();
        await CreateAsync(daemon, "n");
        using var web = await daemon.AttachAsync("web");

        var ended = await Assert.ThrowsAsync<EngineException>(() => ConnectAsync(daemon, "web", "n", _world.Host, new EndpointRequest()));

        Assert.Equal(ErrorKind.Conflict, ended.Kind);
        await ReleaseAsync(daemon, "web");
        await daemon.Networks.RemoveAsync("n", Token);
    }

    [Fact]
    public async Task Remove_WithAContainerOnIt_IsRefused_AndAtOnceAfterItsEndWorks()
    {
        await using var daemon = await _world.StartAsync();
        await CreateAsync(daemon, "n");
        using (var web = await AttachAsync(daemon, "web", "n"))
        {
            var refused = await Assert.ThrowsAsync<EngineException>(() => daemon.Networks.RemoveAsync("n", Token));
            Assert.Equal(ErrorKind.Forbidden, refused.Kind);
            Assert.Contains("network n has active endpoints (name:\"web\" id:", refused.Message, StringComparison.Ordinal);
            await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));
        }

        await daemon.Networks.RemoveAsync("n", Token);

        Assert.Equal(ErrorKind.NotFound, (await Assert.ThrowsAsync<EngineException>(() => daemon.Networks.RemoveAsync("n", Token))).Kind);
        Assert.Equal(ErrorKind.Forbidden, (await Assert.ThrowsAsync<EngineException>(() => daemon.Networks.RemoveAsync("bridge", Token))).Kind);
    }

    [Fact]
    public async Task Remove_AgainstStartingContainers_LeavesOneOfBothWhole()
    {
        await using var daemon = await _world.StartAsync();
        for (var i = 0; i < 10; i++)
        {
            await CreateAsync(daemon, "n");
            var attaching = Task.Run(() => AttachAsync(daemon, "web", "n"));
            var removing = Task.Run(() => daemon.Networks.RemoveAsync("n", Token));
            await Task.WhenAny(Task.WhenAll(attaching, removing));

            if (attaching.IsCompletedSuccessfully)
            {
                Assert.Equal(ErrorKind.Forbidden, Assert.IsType<EngineException>(removing.Exception!.InnerException).Kind);
                (await attaching).Dispose();
                await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));
                await daemon.Networks.RemoveAsync("n", Token);
            }
            else
            {
                await removing;
                Assert.Equal(ErrorKind.NotFound, Assert.IsType<EngineException>(attaching.Exception!.InnerException).Kind);
            }
        }
    }

    [Fact]
    public async Task Restart_KeepsNetworksAndWhoIsOnThem()
    {
        var daemon = await _world.StartAsync();
        var network = await CreateAsync(daemon, "n", new IpamPool { Subnet = "10.44.0.0/24", AuxiliaryAddresses = new() { ["p"] = "10.44.0.3" } });
        await CreateAsync(daemon, "unused");
        using var web = await AttachAsync(daemon, "web", "n", new EndpointRequest { Aliases = ["shop"], Links = ["db:data"], GatewayPriority = 3 });
        var inside = _world.Inside(web);
        using var listener = await ListenAsync(inside, IPAddress.Any, 80);
        await daemon.DisposeAsync();

        await using var again = await _world.StartAsync(running: NetworkDaemon.Id("web"));

        var kept = again.Networks.Resolve("n");
        Assert.Equal((network.Id, network.Bridge, "10.44.0.0/24", true), (kept.Id, kept.Bridge, kept.IPv4!.Subnet.ToString(), kept.IPv4.Configured));
        var named = Assert.Single(again.Networks.EndpointsOf(network.Id));
        Assert.Equal(("web", "10.44.0.2"), (named.ContainerName, named.IPv4!.ToString()));
        Assert.Equal(["shop"], named.Aliases);
        Assert.Equal(["db:data"], named.Links);
        using var other = await AttachAsync(again, "other", "n");
        Assert.Equal("10.44.0.4", other.Networking.Endpoints[0].IPv4Address!.ToString()); // neither the first's nor the one that is kept
        Assert.NotNull(await AskAsync(_world.Inside(other), named.IPv4, 80));
        await ConnectAsync(again, "web", "unused", inside, new EndpointRequest());
        Assert.Equal("eth0", (await InsideAsync(inside)).DefaultLink(isIPv6: false)); // its priority is kept
        await ReleaseAsync(again, "web", "other");
    }

    [Theory]
    [InlineData(false)] // cut off before the bridge
    [InlineData(true)] // cut off after it
    public async Task Restart_AfterACreationOrRemovalThatWasCutOff_LeavesNeitherBridgeNorRecord(bool bridgeMade)
    {
        var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web"); // with a container running, stopping leaves everything
        var network = await CreateAsync(daemon, "n");
        new NetworkStore(daemon.Database).SetPending(network.Id, pending: true);
        await daemon.DisposeAsync();
        if (!bridgeMade)
        {
            await _world.Host.RunAsync(() => Run("ip", "link", "delete", network.Bridge!));
        }

        await using var again = await _world.StartAsync(running: NetworkDaemon.Id("web"));

        Assert.Null(again.Networks.Find("n"));
        Assert.DoesNotContain((await HostStateAsync()).Links, link => link.Name == network.Bridge);
        await CreateAsync(again, "n");
        await ReleaseAsync(again, "web");
    }

    [Fact]
    public async Task Create_OnABridgeOfSomebodyElse_UsesItAndLeavesIt()
    {
        await using var daemon = await _world.StartAsync();
        await _world.Host.RunAsync(() => Run("ip", "link", "add", "theirs0", "type", "bridge"));
        await daemon.Networks.CreateAsync(new NetworkCreateRequest { Name = "n", Options = new() { ["com.docker.network.bridge.name"] = "theirs0" } }, Token);

        await daemon.Networks.RemoveAsync("n", Token);

        Assert.Contains((await HostStateAsync()).Links, link => link.Name == "theirs0");
    }

    [Fact]
    public async Task FiftyConnectsAndDisconnects_LeaveNothing()
    {
        await using var daemon = await _world.StartAsync();
        var network = await CreateAsync(daemon, "n");
        using var web = await daemon.AttachAsync("web");
        var inside = _world.Inside(web);
        var id = await ThreadIdAsync(inside);
        for (var i = 0; i < 50; i++)
        {
            await ConnectAsync(daemon, "web", "n", inside, new EndpointRequest { Aliases = ["shop"] });
            await daemon.Networks.DisconnectAsync(NetworkDaemon.Id("web"), network.Id, id, []);
        }

        Assert.Equal(1, daemon.Database.Read(session => session.FindInteger("SELECT count(*) FROM network_endpoints")));
        Assert.Empty(daemon.Networks.EndpointsOf(network.Id));
        var bridge = (await HostStateAsync()).Links.Single(link => link.Name == network.Bridge);
        Assert.DoesNotContain((await HostStateAsync()).Links, link => link.Master == bridge.Index);
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task Prune_RemovesWhatNobodyUses()
    {
        await using var daemon = await _world.StartAsync();
        await CreateAsync(daemon, "used");
        await CreateAsync(daemon, "unused");
        using var web = await AttachAsync(daemon, "web", "used");

        Assert.Equal(["unused"], await daemon.Networks.PruneAsync(_ => true, Token));
        Assert.Equal(["bridge", "host", "none", "used"], daemon.Networks.List().Select(network => network.Name).Order(StringComparer.Ordinal));
        await ReleaseAsync(daemon, "web");
    }

    private static Task<NetworkRecord> CreateAsync(NetworkDaemon daemon, string name, params IpamPool[] pools)
        => daemon.Networks.CreateAsync(new NetworkCreateRequest { Name = name, IPAM = new Ipam { Config = [.. pools] } }, Token);

    private static Task<NetworkAttachment> AttachAsync(NetworkDaemon daemon, string container, string network, EndpointRequest? endpoint = null)
        => daemon.Networks.AttachAsync(
            new NetworkAttachRequest { ContainerId = NetworkDaemon.Id(container), Name = container, NetworkMode = network, Endpoint = endpoint ?? new() }, Token);

    private static async Task ConnectAsync(
        NetworkDaemon daemon, string container, string network, NetworkThread inside, EndpointRequest endpoint, IReadOnlyList<PortRequest>? ports = null)
        => await daemon.Networks.ConnectAsync(
            new NetworkAttachRequest { ContainerId = NetworkDaemon.Id(container), Name = container, NetworkMode = network, Endpoint = endpoint, Ports = ports ?? [] },
            await ThreadIdAsync(inside),
            Token);

    // A thread has a place in /proc like a process, and stands for one here.
    private static Task<int> ThreadIdAsync(NetworkThread thread)
        => thread.RunAsync(() => int.Parse(Path.GetFileName(new FileInfo("/proc/thread-self").LinkTarget!), CultureInfo.InvariantCulture));

    private static async Task ReleaseAsync(NetworkDaemon daemon, params string[] containers)
    {
        foreach (var container in containers)
        {
            await daemon.Networks.ReleaseAsync(NetworkDaemon.Id(container));
        }
    }

    private static PortRequest Publish(string container, string address, string port)
        => PortRequest.Parse([new(container, [(address, port)])], [], publishAll: false).Single();

    private Task<(List<LinkInfo> Links, List<LinkAddress> Addresses)> HostStateAsync() => _world.Host.RunAsync(() =>
    {
        using var routes = Rtnetlink.OpenHere();
        return (routes.Links(), routes.Addresses());
    });

    private static Task<InsideState> InsideAsync(NetworkThread inside) => inside.RunAsync(() =>
    {
        using var routes = Rtnetlink.OpenHere();
        return new InsideState(routes.Links(), [.. routes.Addresses().Select(address => address.Address.ToString())], routes.Routes());
    });

    private sealed record InsideState(List<LinkInfo> Links, List<string> Addresses, List<RouteInfo> Routes)
    {
        public string? DefaultLink(bool isIPv6)
        {
            var found = Routes.Where(route => route.PrefixLength == 0 && route.LinkIndex > 1 && Subnets.Bits(route.Destination) == (isIPv6 ? 128 : 32)).ToArray();
            return found.Length == 0 ? null : Links.Single(link => link.Index == Assert.Single(found).LinkIndex).Name;
        }
    }
}
