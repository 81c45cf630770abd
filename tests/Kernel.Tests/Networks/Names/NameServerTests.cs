using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Berth.Daemon.Networks.Names;
using Berth.Kit;

namespace Berth.Kernel.Tests.Networks.Names;

public sealed class NameServerTests
{
    private const byte TypeA = 1;

    public NameServerTests() => Assert.SkipUnless(Host.IsRoot, "needs root: network namespaces");

    [Fact]
    public async Task Question_ByUdpAndTcp_IsAnsweredFromPort53()
    {
        await using var world = new NameWorld();
        await world.OpenAsync();

        var datagram = await world.AskAsync(Query("web"));
        var stream = await world.ConnectAsync();
        await SendFrameAsync(stream, Query("web", id: 7));
        var frame = await ReadFrameAsync(stream);

        Assert.Equal("10.9.0.2", Address(datagram));
        Assert.Equal("10.9.0.2", Address(frame));
        Assert.Equal(7, BinaryPrimitives.ReadUInt16BigEndian(frame));
    }

    [Fact]
    public async Task Port53_OfTheContainer_StaysFreeForItsOwnServer()
    {
        await using var world = new NameWorld();
        await world.OpenAsync();

        var own = await world.ResolverAsync(world.Container, "0.0.0.0");

        Assert.Equal("10.9.0.2", Address(await world.AskAsync(Query("web"))));
        Assert.Empty(own.Asked);
    }

    [Fact]
    public async Task Dig_FromWithin_UnderstandsTheAnswers()
    {
        var dig = Host.Find("dig");
        Assert.SkipUnless(dig is not null, "needs dig");
        await using var world = new NameWorld();
        await world.OpenAsync();
        var inside = $"--net=/proc/{Environment.ProcessId}/fd/{world.ContainerNamespace.DangerousGetHandle()}";

        foreach (var transport in new[] { "+notcp", "+tcp" })
        {
            var forward = await new Command("nsenter", inside, dig!, "@127.0.0.11", transport, "+short", "web").RunAsync();
            var back = await new Command("nsenter", inside, dig!, "@127.0.0.11", transport, "+short", "-x", "10.9.0.2").RunAsync();
            var nothing = await new Command("nsenter", inside, dig!, "@127.0.0.11", transport, "web", "AAAA").RunAsync();

            Assert.Equal("10.9.0.2", forward.Output.Trim());
            Assert.Equal("web.net.", back.Output.Trim());
            Assert.Contains("status: NOERROR", nothing.Output);
            Assert.Contains("ANSWER: 0", nothing.Output);
            Assert.DoesNotContain("WARNING", nothing.Output);
        }
    }

    [Fact]
    public async Task Questions_OnOneConnection_AreAllAnsweredWhateverTheirPieces()
    {
        await using var world = new NameWorld();
        await world.OpenAsync();
        world.HostAsks("127.0.0.53");
        await world.ResolverAsync(world.Host, "127.0.0.53");
        const int count = 200;
        var stream = await world.ConnectAsync();
        var bytes = Enumerable.Range(0, count).SelectMany(i => Frame(Query(i % 3 == 0 ? $"outside{i}.example" : "web", (ushort)i))).ToArray();

        for (var at = 0; at < bytes.Length; at += 37)
        {
            await stream.WriteAsync(bytes.AsMemory(at, Math.Min(37, bytes.Length - at)), TestContext.Current.CancellationToken);
        }

        var ids = new HashSet<ushort>();
        for (var i = 0; i < count; i++)
        {
            var reply = await ReadFrameAsync(stream);
            var id = BinaryPrimitives.ReadUInt16BigEndian(reply);
            ids.Add(id);
            Assert.Equal(id % 3 == 0 ? "192.0.2.1" : "10.9.0.2", Address(reply));
        }

        Assert.Equal(count, ids.Count);
    }

    [Fact]
    public async Task Connection_WithNonsense_IsClosedAndTheNextServed()
    {
        await using var world = new NameWorld();
        await world.OpenAsync();
        var stream = await world.ConnectAsync();

        await stream.WriteAsync(new byte[] { 0xFF, 0xFF, 1, 2, 3 }, TestContext.Current.CancellationToken);

        await AssertEndsAsync(stream);
        var next = await world.ConnectAsync();
        await SendFrameAsync(next, Query("web"));
        Assert.Equal("10.9.0.2", Address(await ReadFrameAsync(next)));
    }

    [Fact]
    public async Task Connections_BeyondTheLimit_AreClosedAndDatagramsServed()
    {
        await using var world = new NameWorld();
        await world.OpenAsync();
        var streams = new List<NetworkStream>();
        for (var i = 0; i < 70; i++)
        {
            streams.Add(await world.ConnectAsync());
        }

        await AssertEndsAsync(streams[^1]);
        Assert.Equal("10.9.0.2", Address(await world.AskAsync(Query("web"))));
        await SendFrameAsync(streams[0], Query("web"));
        Assert.Equal("10.9.0.2", Address(await ReadFrameAsync(streams[0])));
    }

    [Fact]
    public async Task Question_ForNobody_GoesToTheHostsServerFromTheHost()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.53");
        var resolver = await world.ResolverAsync(world.Host, "127.0.0.53"); // a loopback of the host's, as a stub resolver's is
        await world.OpenAsync();

        var replies = new[] { await world.AskAsync(Query("example.org", id: 9)), await world.AskAsync(Query("example.org", id: 9)) };

        Assert.All(replies, reply => Assert.Equal("192.0.2.1", Address(reply)));
        Assert.All(replies, reply => Assert.Equal(9, BinaryPrimitives.ReadUInt16BigEndian(reply)));
        var asked = resolver.Asked.ToArray();
        Assert.Equal(2, asked.Select(one => one.From).Distinct().Count()); // another port each time
        Assert.NotEqual(asked[0].Query[..2], asked[1].Query[..2]); // and another id
    }

    [Fact]
    public async Task Question_WithServersOfTheContainers_IsAskedFromWithin()
    {
        await using var world = new NameWorld();
        var own = await world.ResolverAsync(world.Container, "127.0.0.1");
        own.Answer = query => [FakeResolver.Reply(query, address: "192.0.2.7")];
        await world.OpenAsync(IPAddress.Loopback);

        Assert.Equal("192.0.2.7", Address(await world.AskAsync(Query("example.org"))));
        Assert.Equal("10.9.0.2", Address(await world.AskAsync(Query("web"))));
    }

    [Fact]
    public async Task ResolvConf_ThatChanges_IsReadAgain()
    {
        await using var world = new NameWorld();
        var old = await world.ResolverAsync(world.Host, "127.0.0.53");
        var young = await world.ResolverAsync(world.Host, "127.0.0.54");
        young.Answer = query => [FakeResolver.Reply(query, address: "192.0.2.54")];
        world.HostAsks("127.0.0.53");
        await world.OpenAsync();
        Assert.Equal("192.0.2.1", Address(await world.AskAsync(Query("example.org"))));

        world.HostAsks("127.0.0.54", "127.0.0.53");

        await Host.EventuallyAsync(async () => Address(await world.AskAsync(Query("example.org"))) == "192.0.2.54", "the new server is asked", TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task Server_ThatRefusesOrFails_IsFollowedByTheNext()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.51", "127.0.0.52", "127.0.0.53"); // nobody; a failing one; a good one
        var failing = await world.ResolverAsync(world.Host, "127.0.0.52");
        failing.Answer = query => [FakeResolver.Reply(query, code: 2)];
        await world.ResolverAsync(world.Host, "127.0.0.53");
        await world.OpenAsync();

        Assert.Equal("192.0.2.1", Address(await world.AskAsync(Query("example.org"), TimeSpan.FromSeconds(1))));
    }

    [Fact]
    public async Task Server_ThatIsSilent_IsFollowedByTheNextAndLeftOutForAWhile()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.52", "127.0.0.53");
        var silent = await world.ResolverAsync(world.Host, "127.0.0.52");
        silent.Answer = _ => [];
        await world.ResolverAsync(world.Host, "127.0.0.53");
        await world.OpenAsync();

        Assert.Equal("192.0.2.1", Address(await world.AskAsync(Query("example.org"), TimeSpan.FromSeconds(4))));
        var watch = Stopwatch.StartNew();
        Assert.Equal("192.0.2.1", Address(await world.AskAsync(Query("example.org"))));

        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 1.5);
    }

    [Fact]
    public async Task Servers_ThatAllFail_AreToldAsAFailure()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.51");
        await world.OpenAsync();

        var datagram = await world.AskAsync(Query("example.org", id: 3));
        var stream = await world.ConnectAsync();
        await SendFrameAsync(stream, Query("example.org", id: 4));
        await SendFrameAsync(stream, Query("web", id: 5));
        var frames = new[] { await ReadFrameAsync(stream), await ReadFrameAsync(stream) }.ToDictionary(frame => frame[1]);

        Assert.Equal(2, datagram[3] & 0xF);
        Assert.Equal(3, datagram[1]);
        Assert.Equal(2, frames[4][3] & 0xF);
        Assert.Equal("10.9.0.2", Address(frames[5]));
    }

    [Fact]
    public async Task Nxdomain_IsPassedOn()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.53");
        var resolver = await world.ResolverAsync(world.Host, "127.0.0.53");
        resolver.Answer = query => [FakeResolver.Reply(query, code: 3)];
        await world.OpenAsync();

        Assert.Equal(3, (await world.AskAsync(Query("example.org")))[3] & 0xF);
    }

    [Fact]
    public async Task Reply_ThatIsForged_IsNotTakenAndTheRightOneIs()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.53");
        var resolver = await world.ResolverAsync(world.Host, "127.0.0.53");
        resolver.Answer = query =>
        {
            byte[] wrongId = FakeResolver.Reply(query, address: "203.0.113.66");
            wrongId[0] ^= 0x55;
            var wrongQuestion = FakeResolver.Reply(query, address: "203.0.113.66");
            wrongQuestion[13] ^= 1;
            return [wrongId, wrongQuestion, [1, 2, 3], [], query, FakeResolver.Reply(query, address: "192.0.2.1")];
        };
        await world.OpenAsync();

        Assert.Equal("192.0.2.1", Address(await world.AskAsync(Query("example.org"))));
    }

    [Fact]
    public async Task Reply_ThatIsTruncated_IsFetchedByTcpWhenTheClientAsksSo()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.53");
        var resolver = await world.ResolverAsync(world.Host, "127.0.0.53");
        resolver.Answer = query => [FakeResolver.Reply(query, truncated: true)];
        resolver.AnswerStream = query => [[.. FakeResolver.Reply(query, address: "192.0.2.1"), .. new byte[20_000]]];
        await world.OpenAsync();

        Assert.Equal(2, (await world.AskAsync(Query("example.org")))[2] & 2);
        var stream = await world.ConnectAsync();
        await SendFrameAsync(stream, Query("example.org"));
        var frame = await ReadFrameAsync(stream);

        Assert.True(frame.Length > 20_000);
    }

    [Fact]
    public async Task Reply_LargerThanTheClientTakes_IsCut()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.53");
        var resolver = await world.ResolverAsync(world.Host, "127.0.0.53");
        resolver.Answer = query => [[.. FakeResolver.Reply(query, address: "192.0.2.1"), .. new byte[600]]];
        await world.OpenAsync();

        var reply = await world.AskAsync(Query("example.org"));

        Assert.InRange(reply.Length, 12, 512);
        Assert.Equal(2, reply[2] & 2);
    }

    [Fact]
    public async Task Questions_WithoutEnd_AreLimitedAndOtherNamesStillAnswered()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.53");
        var resolver = await world.ResolverAsync(world.Host, "127.0.0.53");
        resolver.Answer = _ => [];
        await world.OpenAsync();
        using var flood = await world.Container.RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await flood.ConnectAsync(NameWorld.Resolver, TestContext.Current.CancellationToken);
        var receiving = new byte[2000];

        for (var i = 0; i < 400; i++)
        {
            await flood.SendAsync(Query($"n{i}.example", (ushort)i), TestContext.Current.CancellationToken);
        }

        var refused = await flood.ReceiveAsync(receiving, TestContext.Current.CancellationToken);
        Assert.Equal(2, receiving[3] & 0xF);
        Assert.InRange(resolver.Asked.Count, 1, 256);
        Assert.Equal("10.9.0.2", Address(await world.AskAsync(Query("web"), TimeSpan.FromSeconds(2))));
        Assert.True(refused > 0);
    }

    [Fact]
    public async Task Datagrams_OfAnyBytes_LeaveTheServerServing()
    {
        await using var world = new NameWorld();
        world.HostAsks("127.0.0.53");
        await world.ResolverAsync(world.Host, "127.0.0.53");
        await world.OpenAsync();
        var random = new Random(7);
        using var socket = await world.Container.RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await socket.ConnectAsync(NameWorld.Resolver, TestContext.Current.CancellationToken);

        for (var i = 0; i < 3000; i++)
        {
            var junk = random.Next(2) == 0 ? new byte[random.Next(600)] : Query("web.net");
            for (var change = random.Next(8); change > 0 && junk.Length > 0; change--)
            {
                junk[random.Next(junk.Length)] = (byte)random.Next(256);
            }

            await socket.SendAsync(junk, TestContext.Current.CancellationToken);
        }

        Assert.Equal("10.9.0.2", Address(await world.AskAsync(Query("web"))));
    }

    [Fact]
    public async Task Change_OfTheTable_IsSeenByTheNextQuestion()
    {
        await using var world = new NameWorld();
        await world.OpenAsync();
        await world.AskAsync(Query("web"));

        world.Change(NameWorld.Endpoint("web", "10.9.0.99"));

        Assert.Equal("10.9.0.99", Address(await world.AskAsync(Query("web"))));
    }

    [Fact]
    public async Task Restart_OfTheServer_AnswersAtTheSamePlace()
    {
        await using var world = new NameWorld();
        await world.OpenAsync();

        world.Restart();
        await world.OpenAsync();

        Assert.Equal("10.9.0.2", Address(await world.AskAsync(Query("web"))));
        var rules = (await new Command("nsenter", $"--net=/proc/{Environment.ProcessId}/fd/{world.ContainerNamespace.DangerousGetHandle()}",
            Host.Find("nft")!, "list", "ruleset").RunAsync()).Output;
        Assert.Equal(2, rules.Split("dport set").Length - 1); // the old rules are gone
        Assert.Equal(2, rules.Split("sport set 53").Length - 1);
    }

    [Fact]
    public async Task Close_LetsTheNamespaceGo()
    {
        await using var world = new NameWorld();
        await world.OpenAsync();

        await world.Server.CloseAsync(NameWorld.ContainerId);

        using var socket = await world.Container.RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        var sockets = (await new Command("nsenter", $"--net=/proc/{Environment.ProcessId}/fd/{world.ContainerNamespace.DangerousGetHandle()}",
            Host.Find("ss")!, "-Hlnut").RunAsync()).Output;
        Assert.Equal("", sockets.Trim());
    }

    internal static async Task<byte[]> ReadFrameAsync(NetworkStream stream)
    {
        var length = new byte[2];
        await stream.ReadExactlyAsync(length);
        var frame = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(frame);
        return frame;
    }

    private static async Task SendFrameAsync(NetworkStream stream, byte[] message)
        => await stream.WriteAsync(Frame(message), TestContext.Current.CancellationToken);

    private static byte[] Frame(byte[] message) => [(byte)(message.Length >> 8), (byte)message.Length, .. message];

    private static async Task AssertEndsAsync(NetworkStream stream)
    {
        try
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
        }
        catch (IOException)
        {
            // Reset, since it was closed with bytes unread.
        }
    }

    private static byte[] Query(string name, ushort id = 1)
    {
        List<byte> bytes = [(byte)(id >> 8), (byte)id, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        foreach (var label in name.Split('.'))
        {
            bytes.Add((byte)label.Length);
            bytes.AddRange(Encoding.ASCII.GetBytes(label));
        }

        return [.. bytes, 0, 0, TypeA, 0, 1];
    }

    private static string Address(byte[] reply)
        => (reply[3] & 0xF) == 0 && reply[7] > 0 ? new IPAddress(reply.AsSpan(reply.Length - 4, 4)).ToString() : $"code {reply[3] & 0xF}, {reply[7]} answers";
}
