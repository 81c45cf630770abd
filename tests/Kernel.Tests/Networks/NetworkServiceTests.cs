using System.Net;
using System.Net.Sockets;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;
using static Berth.Kernel.Tests.Networks.NetworkWorld;

namespace Berth.Kernel.Tests.Networks;

public sealed class NetworkServiceTests : IDisposable
{
    private readonly NetworkWorld _world;

    public NetworkServiceTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: makes network namespaces");
        _world = new NetworkWorld();
    }

    public void Dispose() => _world?.Dispose();

    [Fact]
    public async Task Attach_GivesAddressGatewayAndNames()
    {
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web");

        var endpoint = Assert.Single(web.Networking.Endpoints);
        Assert.Equal("172.17.0.2", endpoint.IPv4Address!.ToString());
        Assert.Equal("172.17.0.1", endpoint.IPv4Gateway!.ToString());
        Assert.Equal(16, endpoint.IPv4PrefixLength);
        Assert.Equal("02:42:ac:11:00:02", endpoint.MacAddress);
        var seen = await _world.Inside(web).RunAsync(() =>
        {
            using var routes = Rtnetlink.OpenHere();
            return (Link: routes.FindLink("eth0"), Addresses: routes.Addresses(), Routes: routes.Routes(), Loopback: routes.FindLink("lo"));
        });
        Assert.True(seen.Link!.IsUp);
        Assert.True(seen.Loopback!.IsUp);
        Assert.Equal("02:42:ac:11:00:02", MacAddresses.Format(seen.Link.HardwareAddress));
        Assert.Contains(seen.Addresses, address => address.Address.Equals(endpoint.IPv4Address) && address.PrefixLength == 16);
        Assert.DoesNotContain(seen.Addresses, address => address.LinkIndex == seen.Link.Index && Subnets.Bits(address.Address) == 128);
        Assert.Contains(seen.Routes, route => route.PrefixLength == 0 && route.LinkIndex == seen.Link.Index);
        await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));
    }

    [Fact]
    public async Task Reachability_OfAPublishedPort_IsFromEverywhere()
    {
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "", "8080"), Publish("53/udp", "", "5353"));
        using var other = await daemon.AttachAsync("other");
        var (inWeb, inOther) = (_world.Inside(web), _world.Inside(other));
        using var listener = await ListenAsync(inWeb, IPAddress.Any, 80);
        using var datagrams = await ListenUdpAsync(inWeb, IPAddress.Any, 53);
        var webAddress = web.Networking.Endpoints[0].IPv4Address!;
        var otherAddress = other.Networking.Endpoints[0].IPv4Address!;

        Assert.Equal(NeighbourAddress.ToString(), await AskAsync(_world.Neighbour, HostAddress, 8080)); // the true source
        Assert.Equal(NeighbourAddress.ToString(), await AskUdpAsync(_world.Neighbour, HostAddress, 5353));
        Assert.Equal("172.17.0.1", await AskAsync(_world.Host, IPAddress.Loopback, 8080));
        Assert.Equal("172.17.0.1", await AskUdpAsync(_world.Host, IPAddress.Loopback, 5353));
        Assert.Equal("172.17.0.1", await AskAsync(_world.Host, IPAddress.Parse("127.0.0.5"), 8080));
        Assert.NotNull(await AskAsync(_world.Host, HostAddress, 8080));
        Assert.Equal(otherAddress.ToString(), await AskAsync(inOther, webAddress, 80)); // directly
        Assert.NotNull(await AskAsync(inOther, HostAddress, 8080)); // by the host's address
        Assert.NotNull(await AskAsync(inOther, IPAddress.Parse("172.17.0.1"), 8080)); // by the gateway
        Assert.NotNull(await AskAsync(inWeb, HostAddress, 8080)); // itself, by the host's address
        await ReleaseAsync(daemon, "web", "other");
    }

    [Fact]
    public async Task Reachability_OfUnpublishedPorts_IsNotFromOutside()
    {
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "", "8080"));
        var inWeb = _world.Inside(web);
        using var published = await ListenAsync(inWeb, IPAddress.Any, 80);
        using var hidden = await ListenAsync(inWeb, IPAddress.Any, 81);
        var address = web.Networking.Endpoints[0].IPv4Address!;

        Assert.Null(await AskAsync(_world.Neighbour, address, 81)); // though it routes there
        Assert.Null(await AskAsync(_world.Neighbour, address, 80)); // published is the host's port, not the container's
        Assert.Null(await AskAsync(_world.Neighbour, HostAddress, 81));
        Assert.NotNull(await AskAsync(_world.Host, address, 81)); // the host itself may
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task Reachability_OfALoopbackPublishedPort_IsFromThisHostAlone()
    {
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "127.0.0.1", "8080"));
        using var other = await daemon.AttachAsync("other");
        using var listener = await ListenAsync(_world.Inside(web), IPAddress.Any, 80);
        // A neighbour that sends packets for 127.0.0.1 to the host, as an attacker on the local network can.
        await _world.Neighbour.RunAsync(() =>
        {
            Run("ip", "route", "replace", "table", "local", "127.0.0.1/32", "via", HostAddress.ToString(), "dev", "lan0");
            File.WriteAllText("/proc/sys/net/ipv4/conf/all/route_localnet", "1");
        });

        Assert.NotNull(await AskAsync(_world.Host, IPAddress.Loopback, 8080));
        Assert.Null(await AskAsync(_world.Host, HostAddress, 8080));
        Assert.Null(await AskAsync(_world.Neighbour, HostAddress, 8080));
        Assert.Null(await AskAsync(_world.Inside(other), IPAddress.Parse("172.17.0.1"), 8080));
        await ReleaseAsync(daemon, "web", "other");
    }

    [Fact]
    public async Task Outward_FromAContainer_IsMasqueraded()
    {
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web");
        using var listener = await ListenAsync(_world.Neighbour, IPAddress.Any, 7000);
        using var datagrams = await ListenUdpAsync(_world.Neighbour, IPAddress.Any, 7000);

        Assert.Equal(HostAddress.ToString(), await AskAsync(_world.Inside(web), NeighbourAddress, 7000));
        Assert.Equal(HostAddress.ToString(), await AskUdpAsync(_world.Inside(web), NeighbourAddress, 7000));
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task Daemons_SideBySide_HaveSeparateSubnetsAndDontReachEachOther()
    {
        await using var one = await _world.StartAsync(new NetworkOptions { Bridge = "bone" }, "one");
        await using var two = await _world.StartAsync(new NetworkOptions { Bridge = "btwo" }, "two");
        using var web = await one.AttachAsync("web", Publish("80/tcp", "", "8080"));
        using var client = await two.AttachAsync("client");
        using var listener = await ListenAsync(_world.Inside(web), IPAddress.Any, 80);
        using var outside = await ListenAsync(_world.Neighbour, IPAddress.Any, 7000);
        var inClient = _world.Inside(client);

        Assert.Equal("172.18.0.2", client.Networking.Endpoints[0].IPv4Address!.ToString());
        Assert.Null(await AskAsync(inClient, web.Networking.Endpoints[0].IPv4Address!, 80));
        Assert.NotNull(await AskAsync(inClient, HostAddress, 8080)); // published is published
        Assert.NotNull(await AskAsync(inClient, NeighbourAddress, 7000));
        await ReleaseAsync(one, "web");
        await ReleaseAsync(two, "client");
    }

    [Fact]
    public async Task InterContainerCommunication_SwitchedOff_LeavesPublishedPortsAndTheOutside()
    {
        await using var daemon = await _world.StartAsync(new NetworkOptions { InterContainerCommunication = false });
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "", "8080"));
        using var other = await daemon.AttachAsync("other");
        using var listener = await ListenAsync(_world.Inside(web), IPAddress.Any, 80);
        using var outside = await ListenAsync(_world.Neighbour, IPAddress.Any, 7000);
        var inOther = _world.Inside(other);

        Assert.Null(await AskAsync(inOther, web.Networking.Endpoints[0].IPv4Address!, 80));
        Assert.NotNull(await AskAsync(inOther, HostAddress, 8080));
        Assert.NotNull(await AskAsync(inOther, NeighbourAddress, 7000));
        await ReleaseAsync(daemon, "web", "other");
    }

    [Fact]
    public async Task IPv6_SwitchedOn_ReachesOutAndPublishes()
    {
        await using var daemon = await _world.StartAsync(new NetworkOptions { IPv6 = true });
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "", "8080"), Publish("81/tcp", "[::]", "8081"));
        var inWeb = _world.Inside(web);
        using var listener = await ListenAsync(inWeb, IPAddress.IPv6Any, 80);
        using var second = await ListenAsync(inWeb, IPAddress.IPv6Any, 81);
        using var outside = await ListenAsync(_world.Neighbour, IPAddress.IPv6Any, 7000);
        var address = web.Networking.Endpoints[0].IPv6Address!;

        Assert.Equal(HostAddressV6.ToString(), await AskAsync(inWeb, IPAddress.Parse("2001:db8:1::2"), 7000));
        Assert.Equal("2001:db8:1::2", await AskAsync(_world.Neighbour, HostAddressV6, 8080));
        Assert.Equal("2001:db8:1::2", await AskAsync(_world.Neighbour, HostAddressV6, 8081));
        Assert.Null(await AskAsync(_world.Neighbour, address, 80));
        Assert.NotNull(await AskAsync(_world.Host, HostAddressV6, 8080));
        Assert.Equal(3, web.Networking.Ports.Count);
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task Publish_OnATakenPort_IsToldAndLeavesNothing()
    {
        await using var daemon = await _world.StartAsync();
        using var first = await daemon.AttachAsync("first", Publish("80/tcp", "", "8080"));
        using var foreign = await ListenAsync(_world.Host, IPAddress.Any, 9090);

        var allocated = await Assert.ThrowsAsync<EngineException>(() => daemon.AttachAsync("second", Publish("80/tcp", "", "8080")));
        var onOneAddress = await Assert.ThrowsAsync<EngineException>(() => daemon.AttachAsync("second", Publish("80/tcp", "127.0.0.1", "8080")));
        var inUse = await Assert.ThrowsAsync<EngineException>(() => daemon.AttachAsync("second", Publish("81/tcp", "", "8081"), Publish("80/tcp", "", "9090")));
        using var after = await daemon.AttachAsync("third", Publish("81/tcp", "", "8081"));

        Assert.Contains("Bind for 0.0.0.0:8080 failed: port is already allocated", allocated.Message, StringComparison.Ordinal);
        Assert.Contains("port is already allocated", onOneAddress.Message, StringComparison.Ordinal);
        Assert.Contains("address already in use", inUse.Message, StringComparison.Ordinal);
        await ReleaseAsync(daemon, "first", "third");
    }

    [Fact]
    public async Task Publish_WithoutAPort_FindsFreeOnesInTheRangeGiven()
    {
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "", ""), Publish("81/tcp", "", "9000-9001"), Publish("82/tcp", "", "9000-9001"));

        var ports = web.Networking.Ports.Where(port => port.HostAddress.Equals(IPAddress.Any)).ToArray(); // and the same at [::]
        Assert.NotEqual(0, ports.Single(port => port.Container.Port == 80).HostPort);
        Assert.Equal([9000, 9001], ports.Where(port => port.Container.Port != 80).Select(port => (int)port.HostPort).Order());
        var full = await Assert.ThrowsAsync<EngineException>(() => daemon.AttachAsync("two", Publish("80/tcp", "", "9000-9001")));
        Assert.Contains("already allocated", full.Message, StringComparison.Ordinal);
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task Release_ClosesThePortAndFreesTheAddress()
    {
        await using var daemon = await _world.StartAsync();
        var web = await daemon.AttachAsync("web", Publish("80/tcp", "", "8080"));
        using var listener = await ListenAsync(_world.Inside(web), IPAddress.Any, 80);
        Assert.NotNull(await AskAsync(_world.Neighbour, HostAddress, 8080));

        await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));

        Assert.Null(await AskAsync(_world.Neighbour, HostAddress, 8080));
        using var takesPort = await ListenAsync(_world.Host, IPAddress.Any, 8080);
        using var again = await daemon.AttachAsync("web");
        Assert.Equal("172.17.0.2", again.Networking.Endpoints[0].IPv4Address!.ToString()); // a restart keeps the address
        using var next = await daemon.AttachAsync("next");
        Assert.Equal("172.17.0.3", next.Networking.Endpoints[0].IPv4Address!.ToString());
        web.Dispose();
        await ReleaseAsync(daemon, "web", "next");
    }

    [Fact]
    public async Task Publish_OfADatagramPort_ReachesSendersThatBeganBefore()
    {
        await using var daemon = await _world.StartAsync();
        using var sender = await _world.Neighbour.RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var silent = await _world.Host.RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        silent.Bind(new IPEndPoint(IPAddress.Any, 5355));
        await sender.SendToAsync("?"u8.ToArray(), new IPEndPoint(HostAddress, 5355)); // the kernel now knows this sender as one of the host's own
        silent.Dispose();

        using var web = await daemon.AttachAsync("web", Publish("53/udp", "", "5355"));
        using var datagrams = await ListenUdpAsync(_world.Inside(web), IPAddress.Any, 53);
        await sender.SendToAsync("?"u8.ToArray(), new IPEndPoint(HostAddress, 5355));

        using var patience = new CancellationTokenSource(2000);
        var buffer = new byte[100];
        var received = await sender.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), patience.Token);
        Assert.Equal(new IPEndPoint(HostAddress, 5355), received.RemoteEndPoint);
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task None_HasLoopbackAlone()
    {
        await using var daemon = await _world.StartAsync();
        using var alone = await daemon.Networks.AttachAsync(
            new NetworkAttachRequest { ContainerId = NetworkDaemon.Id("alone"), Name = "alone", NetworkMode = "none" }, TestContext.Current.CancellationToken);

        var links = await _world.Inside(alone).RunAsync(() =>
        {
            using var routes = Rtnetlink.OpenHere();
            return routes.Links().Where(link => link.IsUp).Select(link => link.Name).ToArray();
        });

        Assert.Equal(["lo"], links);
        Assert.Equal("none", alone.Networking.Endpoints.Single().NetworkName);
        await ReleaseAsync(daemon, "alone");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Table_AfterSomebodyFlushedTheRuleset_IsBackOrNeverGone(bool owned)
    {
        await using var daemon = await _world.StartAsync(new NetworkOptions { OwnTable = owned });
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "", "8080"));
        using var listener = await ListenAsync(_world.Inside(web), IPAddress.Any, 80);
        _world.Nft("add", "table", "inet", "theirs");

        _world.Nft("flush", "ruleset");

        var deadline = DateTimeOffset.UnixEpoch.AddMilliseconds(Environment.TickCount64 + 1000);
        string? answer = null;
        while (answer is null && DateTimeOffset.UnixEpoch.AddMilliseconds(Environment.TickCount64) < deadline)
        {
            answer = await AskAsync(_world.Neighbour, HostAddress, 8080, patienceMilliseconds: 200);
        }

        Assert.NotNull(answer);
        Assert.Null(await AskAsync(_world.Neighbour, web.Networking.Endpoints[0].IPv4Address!, 80, patienceMilliseconds: 300));
        Assert.DoesNotContain("theirs", _world.Nft("list", "tables"), StringComparison.Ordinal);
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task Restart_WithRunningContainers_KeepsThemReachable()
    {
        var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "", "8080"));
        var ended = await daemon.AttachAsync("ended", Publish("80/tcp", "", "8081"));
        using var listener = await ListenAsync(_world.Inside(web), IPAddress.Any, 80);

        await daemon.DisposeAsync(); // with containers running it only lets go, as a killed daemon does
        ended.Dispose();
        Assert.NotNull(await AskAsync(_world.Neighbour, HostAddress, 8080)); // while nobody is there
        Assert.NotNull(await AskAsync(_world.Host, IPAddress.Loopback, 8080));
        await using var again = await _world.StartAsync(running: NetworkDaemon.Id("web"));

        Assert.NotNull(await AskAsync(_world.Neighbour, HostAddress, 8080));
        Assert.Equal("172.17.0.2", again.Networks.FindNetworking(NetworkDaemon.Id("web"))!.Endpoints[0].IPv4Address!.ToString());
        Assert.Null(again.Networks.FindNetworking(NetworkDaemon.Id("ended")));
        var taken = await Assert.ThrowsAsync<EngineException>(() => again.AttachAsync("other", Publish("80/tcp", "", "8080")));
        Assert.Contains("port is already allocated", taken.Message, StringComparison.Ordinal);
        using var reuses = await again.AttachAsync("reuses", Publish("80/tcp", "", "8081"));
        Assert.NotEqual("172.17.0.2", reuses.Networking.Endpoints[0].IPv4Address!.ToString());
        await ReleaseAsync(again, "web", "reuses");
    }

    [Fact]
    public async Task TwoHundredCycles_LeaveNothing()
    {
        await using var daemon = await _world.StartAsync();
        for (var i = 0; i < 200; i++)
        {
            using var attachment = await daemon.AttachAsync($"c{i}", Publish("80/tcp", "", "8080"));
            await daemon.Networks.ReleaseAsync(NetworkDaemon.Id($"c{i}"));
        }

        await WaitForAsync(async () => (await _world.LinksAsync()).Count(link => link.Kind == "veth") <= 1 + new NetworkOptions().ReadySandboxes);
        await WaitForAsync(() => Task.FromResult(
            daemon.Database.Read(session => session.FindInteger("SELECT (SELECT count(*) FROM network_endpoints) + (SELECT count(*) FROM network_ports)")) == 0));
        Assert.DoesNotContain(" . 8080 ", _world.Nft("list", "ruleset"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attach_FromManyAtOnce_GivesEachItsOwnAddress()
    {
        await using var daemon = await _world.StartAsync();

        var attachments = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Run(() => daemon.AttachAsync($"c{i}", Publish("80/tcp", "", "")))));

        Assert.Equal(24, attachments.Select(attachment => attachment.Networking.Endpoints[0].IPv4Address!.ToString()).Distinct().Count());
        Assert.Equal(24, attachments.Select(attachment => attachment.Networking.Ports[0].HostPort).Distinct().Count());
        Array.ForEach(attachments, attachment => attachment.Dispose());
        await ReleaseAsync(daemon, [.. Enumerable.Range(0, 24).Select(i => $"c{i}")]);
    }

    [Fact]
    public async Task Stop_WithoutContainers_LeavesTheHostAsItWas()
    {
        var daemon = await _world.StartAsync();
        using (await daemon.AttachAsync("web", Publish("80/tcp", "", "8080")))
        {
            await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));
        }

        await daemon.DisposeAsync();

        await WaitForAsync(async () => (await _world.LinksAsync()).All(link => link.Name is "lo" or "lan0"));
        Assert.DoesNotContain("berth", _world.Nft("list", "tables"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Table_ReadByNft_IsWhatTheDocumentationSays()
    {
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web", Publish("80/tcp", "", "8080"), Publish("80/tcp", "127.0.0.1", "8081"));

        var rules = _world.Nft("list", "ruleset").Replace("{ 6 . ", "{ tcp . ", StringComparison.Ordinal); // a machine without /etc/protocols has numbers

        TestContext.Current.TestOutputHelper?.WriteLine(rules);
        Assert.Contains("elements = { \"berth0\" }", rules, StringComparison.Ordinal);
        Assert.Contains("tcp . 8080 : 172.17.0.2 . 80", rules, StringComparison.Ordinal);
        Assert.Contains("tcp . 127.0.0.1 . 8081 : 172.17.0.2 . 80", rules, StringComparison.Ordinal);
        await ReleaseAsync(daemon, "web");
    }

    [Fact]
    public async Task ASecondDaemon_OnTheSameBridge_IsRefusedInWords()
    {
        await using var one = await _world.StartAsync();

        var error = await Assert.ThrowsAsync<EngineException>(() => _world.StartAsync(name: "two"));

        Assert.Contains("belongs to another running process", error.Message, StringComparison.Ordinal);
    }

    private static PortRequest Publish(string container, string address, string port) => PortRequest.Parse(
        [new KeyValuePair<string, IReadOnlyList<(string HostAddress, string HostPort)>>(container, [(address, port)])], [], publishAll: false).Single();

    private static async Task ReleaseAsync(NetworkDaemon daemon, params string[] names)
    {
        foreach (var name in names)
        {
            await daemon.Networks.ReleaseAsync(NetworkDaemon.Id(name));
        }
    }

    private static async Task WaitForAsync(Func<Task<bool>> condition)
    {
        var deadline = Environment.TickCount64 + 10_000;
        while (!await condition())
        {
            Assert.True(Environment.TickCount64 < deadline, "the state did not come within ten seconds");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
