using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Berth.Daemon.Networks;
using static Berth.Kernel.Tests.Networks.NetworkWorld;

namespace Berth.Kernel.Tests.Networks;

/// <summary>The whole of <see cref="ReachTable"/> on a host, a machine on its local network, and three container networks.</summary>
public sealed class ReachTests : IDisposable
{
    private const int FirstContainerPort = 80, FirstHostPort = 8080;

    private static readonly IPAddress s_neighbourAddressV6 = IPAddress.Parse("2001:db8:1::2");

    private readonly NetworkWorld _world;
    private readonly Dictionary<(Asker, AddressFamily), string[]> _own = [];
    private readonly Dictionary<Asker, NetworkThread> _threads = [];
    private readonly Dictionary<(Asker, AddressFamily), IPAddress> _gateways = [];
    private readonly Dictionary<AddressFamily, IPAddress> _container = [];

    public ReachTests()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "needs root: makes network namespaces");
        _world = new NetworkWorld();
    }

    public void Dispose() => _world?.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Reach_BeforeAndAfterAFlushAndARestart_IsTheTable(bool ownTable)
    {
        var options = new NetworkOptions { IPv6 = true, OwnTable = ownTable };
        _world.Save(Bridge("other", "10.71.0.0/24", "fd71::/64"), Bridge("inner", "10.72.0.0/24", "fd72::/64") with { Internal = true });
        var daemon = await _world.StartAsync(options);
        using var web = await daemon.AttachAsync("web", [.. Ports()]);
        using var neighbour = await daemon.AttachAsync("neighbour");
        using var other = await daemon.AttachToAsync("other", "stranger");
        using var inner = await daemon.AttachToAsync("inner", "hidden");
        using var innerToo = await daemon.AttachToAsync("inner", "hidden2");
        var listeners = await ListenInAsync(web);
        var innerListeners = await ListenInAsync(innerToo);
        Know(web, neighbour, other, inner);

        await AssertTableAsync("at first", withLoopbackV6: true);
        await AssertInternalAsync(innerToo);
        _world.Nft("flush", "ruleset");
        if (ownTable)
        {
            await AssertGuardedAsync();
        }
        else
        {
            await RestoredAsync();
        }

        await AssertTableAsync("after the flush", withLoopbackV6: true);

        await daemon.DisposeAsync(); // with containers running it only lets go, as a killed daemon does
        await AssertTableAsync("while the daemon is away", withLoopbackV6: false);
        await using var again = await _world.StartAsync(options, running: [.. new[] { "web", "neighbour", "stranger", "hidden", "hidden2" }.Select(NetworkDaemon.Id)]);
        await AssertTableAsync("after the restart", withLoopbackV6: true);
        await AssertInternalAsync(innerToo);

        listeners.ForEach(listener => listener.Dispose());
        innerListeners.ForEach(listener => listener.Dispose());
        foreach (var name in new[] { "web", "neighbour", "stranger", "hidden", "hidden2" })
        {
            await again.Networks.ReleaseAsync(NetworkDaemon.Id(name));
        }
    }

    [Fact]
    public async Task Relay_ToAContainerWithoutIPv6_ServesAllIPv6AddressesOfTheHost()
    {
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web", Port("80/tcp", "", "8080"), Port("80/udp", "", "8080"), Port("81/tcp", "[::1]", "8081"), Port("80/tcp", "", ""));
        using var stream = await ListenAsync(_world.Inside(web), IPAddress.Any, 80);
        using var second = await ListenAsync(_world.Inside(web), IPAddress.Any, 81);
        using var datagrams = await ListenUdpAsync(_world.Inside(web), IPAddress.Any, 80);

        Assert.Equal("172.17.0.1", await AskAsync(_world.Host, IPAddress.IPv6Loopback, 8080));
        Assert.Equal("172.17.0.1", await AskUdpAsync(_world.Host, IPAddress.IPv6Loopback, 8080));
        Assert.Equal("172.17.0.1", await AskAsync(_world.Neighbour, HostAddressV6, 8080));
        Assert.Equal("172.17.0.1", await AskUdpAsync(_world.Neighbour, HostAddressV6, 8080));
        Assert.Equal("172.17.0.1", await AskAsync(_world.Host, IPAddress.IPv6Loopback, 8081));
        Assert.Null(await AskAsync(_world.Neighbour, HostAddressV6, 8081));
        var free = web.Networking.Ports.Where(port => port.Container.Port == 80 && port.HostPort is not 8080).ToArray();
        Assert.Equal(["0.0.0.0", "::"], free.Select(port => port.HostAddress.ToString()).Order());
        Assert.Single(free.Select(port => port.HostPort).Distinct());
        await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));
        Assert.Null(await AskAsync(_world.Host, IPAddress.IPv6Loopback, 8080));
        using var takesPort = await ListenAsync(_world.Host, IPAddress.IPv6Any, 8080); // and it is free again
    }

    [Fact]
    public async Task Relay_OfALargeStream_LosesNothingAndPassesTheEnds()
    {
        const int megabytes = 32;
        await using var daemon = await _world.StartAsync();
        using var web = await daemon.AttachAsync("web", Port("80/tcp", "", "8080"));
        using var listener = await _world.Inside(web).RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(IPAddress.Any, 80));
        listener.Listen();
        using var client = await _world.Host.RunAsync(() => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
        var ct = TestContext.Current.CancellationToken;
        await client.ConnectAsync(new IPEndPoint(IPAddress.IPv6Loopback, 8080), ct);
        using var server = await listener.AcceptAsync(ct);

        var counted = Task.Run(async () =>
        {
            var (total, buffer) = (0L, new byte[64 << 10]);
            for (int length; (length = await server.ReceiveAsync(buffer, ct)) > 0;)
            {
                total += length;
            }

            await server.SendAsync(BitConverter.GetBytes(total), ct); // after the other half has ended
            server.Shutdown(SocketShutdown.Send);
        }, ct);
        var block = new byte[1 << 20];
        for (var i = 0; i < megabytes; i++)
        {
            await client.SendAsync(block, ct);
        }

        client.Shutdown(SocketShutdown.Send);
        var answer = new byte[100];
        var length = await client.ReceiveAsync(answer, ct);
        await counted;

        Assert.Equal((long)megabytes << 20, BitConverter.ToInt64(answer, 0));
        Assert.Equal(8, length);
        Assert.Equal(0, await client.ReceiveAsync(answer, ct));
        await daemon.Networks.ReleaseAsync(NetworkDaemon.Id("web"));
    }

    [Fact]
    public void Documentation_HasTheTable()
    {
        var page = File.ReadAllText(Path.Combine(Kit.Host.Repository, "docs", "networks.md"));

        Assert.Contains(ReachTable.ToMarkdown(), page, StringComparison.Ordinal);
    }

    private static NetworkRecord Bridge(string name, string subnet4, string subnet6) => new()
    {
        Id = NetworkDaemon.Id("network " + name),
        Name = name,
        Driver = NetworkDriver.Bridge,
        Created = DateTimeOffset.UnixEpoch,
        Bridge = "br-" + name,
        IPv4 = Plan(subnet4),
        IPv6 = Plan(subnet6),
    };

    private static AddressPlan Plan(string subnet)
    {
        var network = IPNetwork.Parse(subnet);
        return new AddressPlan(network, Subnets.FromNumber(Subnets.Range(network).First + 1, Subnets.Bits(network.BaseAddress)), network);
    }

    private static IEnumerable<PortRequest> Ports()
    {
        foreach (var protocol in new[] { "tcp", "udp" })
        {
            yield return Port($"80/{protocol}", "", "8080");
            yield return Port($"81/{protocol}", "127.0.0.1", "8081");
            yield return Port($"81/{protocol}", "[::1]", "8081");
            yield return Port($"82/{protocol}", HostAddress.ToString(), "8082");
            yield return Port($"82/{protocol}", $"[{HostAddressV6}]", "8082");
        }
    }

    private static PortRequest Port(string container, string address, string port) => PortRequest.Parse(
        [new KeyValuePair<string, IReadOnlyList<(string HostAddress, string HostPort)>>(container, [(address, port)])], [], publishAll: false).Single();

    private async Task<List<Socket>> ListenInAsync(NetworkAttachment container)
    {
        var inside = _world.Inside(container);
        var listeners = new List<Socket>();
        for (var port = FirstContainerPort; port < FirstContainerPort + ReachTable.Publications.Length; port++)
        {
            foreach (var any in new[] { IPAddress.Any, IPAddress.IPv6Any })
            {
                listeners.Add(await ListenAsync(inside, any, port));
                listeners.Add(await ListenUdpAsync(inside, any, port));
            }
        }

        return listeners;
    }

    private void Know(NetworkAttachment web, NetworkAttachment neighbour, NetworkAttachment other, NetworkAttachment inner)
    {
        _threads[Asker.Lan] = _world.Neighbour;
        _threads[Asker.Host] = _world.Host;
        _own[(Asker.Host, AddressFamily.InterNetwork)] = [HostAddress.ToString()];
        _own[(Asker.Host, AddressFamily.InterNetworkV6)] = [HostAddressV6.ToString()];
        _own[(Asker.Lan, AddressFamily.InterNetwork)] = [NeighbourAddress.ToString()];
        _own[(Asker.Lan, AddressFamily.InterNetworkV6)] = [s_neighbourAddressV6.ToString()];
        foreach (var (asker, attachment) in new[] { (Asker.Itself, web), (Asker.Neighbour, neighbour), (Asker.OtherNetwork, other), (Asker.InternalNetwork, inner) })
        {
            var endpoint = attachment.Networking.Endpoints[0];
            _threads[asker] = _world.Inside(attachment);
            _own[(asker, AddressFamily.InterNetwork)] = [endpoint.IPv4Address!.ToString()];
            _own[(asker, AddressFamily.InterNetworkV6)] = [endpoint.IPv6Address!.ToString()];
            _gateways[(asker, AddressFamily.InterNetwork)] = endpoint.IPv4Gateway ?? IPAddress.Parse("10.72.0.1"); // an internal network tells none
            _gateways[(asker, AddressFamily.InterNetworkV6)] = endpoint.IPv6Gateway ?? IPAddress.Parse("fd72::1");
        }

        _gateways[(Asker.Host, AddressFamily.InterNetwork)] = _gateways[(Asker.Itself, AddressFamily.InterNetwork)];
        _gateways[(Asker.Host, AddressFamily.InterNetworkV6)] = _gateways[(Asker.Itself, AddressFamily.InterNetworkV6)];
        _container[AddressFamily.InterNetwork] = web.Networking.Endpoints[0].IPv4Address!;
        _container[AddressFamily.InterNetworkV6] = web.Networking.Endpoints[0].IPv6Address!;
    }

    /// <summary>A table that its daemon can't own is away for moments; within a second it is back.</summary>
    private async Task RestoredAsync()
    {
        var deadline = Environment.TickCount64 + 1000;
        while (!_world.Nft("list", "tables").Contains("table inet berth", StringComparison.Ordinal))
        {
            Assert.True(Environment.TickCount64 < deadline, "the table came back within a second");
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private async Task AssertTableAsync(string when, bool withLoopbackV6)
    {
        var wrong = new ConcurrentBag<string>();
        var asks = new List<Task>();
        foreach (var (from, at, of) in ReachTable.Rows)
        {
            foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
            {
                if (!withLoopbackV6 && at == AskedAt.Loopback && family == AddressFamily.InterNetworkV6)
                {
                    continue; // the one way that needs the daemon
                }

                for (var column = 0; column < of.Length; column++)
                {
                    var port = (at == AskedAt.ContainerAddress ? FirstContainerPort : FirstHostPort) + column;
                    asks.Add(AssertCellAsync(from, at, family, port, of[column], udp: false, when, wrong));
                    asks.Add(AssertCellAsync(from, at, family, port, of[column], udp: true, when, wrong));
                }
            }
        }

        await Task.WhenAll(asks);
        Assert.True(wrong.IsEmpty, $"{when}, {wrong.Count} of {asks.Count}:\n{string.Join('\n', wrong.Order())}");
    }

    private async Task AssertCellAsync(Asker from, AskedAt at, AddressFamily family, int port, Reach expected, bool udp, string when, ConcurrentBag<string> wrong)
    {
        var address = AddressOf(from, at, family);
        var seen = udp ? await AskUdpAsync(_threads[from], address, port) : await AskAsync(_threads[from], address, port);
        // After a busy second a way that is there may have been too slow; one that must not be there gets no second chance.
        for (var attempt = 0; attempt < 3 && seen is null && expected != Reach.No; attempt++)
        {
            seen = udp ? await AskUdpAsync(_threads[from], address, port) : await AskAsync(_threads[from], address, port);
        }

        var gateway = _gateways[(Asker.Itself, family)].ToString();
        var actual = seen is null ? Reach.No : seen == gateway ? Reach.AsGateway : Reach.Yes;
        var isTrue = actual != Reach.Yes || (_own.TryGetValue((from, family), out var own) && own.Contains(seen));
        if (actual != expected || !isTrue)
        {
            wrong.Add($"{from} {at} {family} {(udp ? "udp" : "tcp")} {port}: expected {expected}, got {actual} ({seen}) {when}");
        }
    }

    private IPAddress AddressOf(Asker from, AskedAt at, AddressFamily family)
    {
        var isIPv6 = family == AddressFamily.InterNetworkV6;
        return at switch
        {
            AskedAt.HostAddress => isIPv6 ? HostAddressV6 : HostAddress,
            AskedAt.Loopback => isIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback,
            AskedAt.Gateway => _gateways[(from, family)],
            _ => _container[family],
        };
    }

    // A container on an internal network: its neighbours and the host reach it, nobody else does, and it reaches nobody outside.
    private async Task AssertInternalAsync(NetworkAttachment target)
    {
        var endpoint = target.Networking.Endpoints[0];
        foreach (var address in new[] { endpoint.IPv4Address!, endpoint.IPv6Address! })
        {
            Assert.NotNull(await AskAsync(_threads[Asker.InternalNetwork], address, FirstContainerPort));
            Assert.NotNull(await AskUdpAsync(_threads[Asker.InternalNetwork], address, FirstContainerPort));
            Assert.NotNull(await AskAsync(_threads[Asker.Host], address, FirstContainerPort));
            string?[] outsiders = await Task.WhenAll(
                AskAsync(_threads[Asker.Lan], address, FirstContainerPort), AskAsync(_threads[Asker.Neighbour], address, FirstContainerPort),
                AskAsync(_threads[Asker.OtherNetwork], address, FirstContainerPort), AskUdpAsync(_threads[Asker.Lan], address, FirstContainerPort));
            Assert.All(outsiders, Assert.Null);
        }

        using var outside = await ListenAsync(_world.Neighbour, IPAddress.Any, 7000);
        Assert.Null(await AskAsync(_threads[Asker.InternalNetwork], NeighbourAddress, 7000));
        Assert.Equal(HostAddress.ToString(), await AskAsync(_threads[Asker.OtherNetwork], NeighbourAddress, 7000));
    }

    // Many probes at once right after the flush, so that they fall into whatever gap there is: with a kernel that guards the table, none.
    private async Task AssertGuardedAsync()
    {
        var probes = Enumerable.Range(0, 60).Select(_ => AskAsync(_world.Neighbour, _container[AddressFamily.InterNetwork], FirstContainerPort + 3, patienceMilliseconds: 300));
        Assert.All(await Task.WhenAll(probes), Assert.Null);
    }
}
