using System.Net;
using Berth.Daemon.Networks;
using Berth.Daemon.Networks.Names;

namespace Berth.Daemon.Tests.Networks.Names;

public sealed class NameAnswersTests
{
    private const string Web = "aaaaaaaaaaaa0000000000000000000000000000000000000000000000000000";
    private const string Database = "bbbbbbbbbbbb0000000000000000000000000000000000000000000000000000";
    private const string Outsider = "cccccccccccc0000000000000000000000000000000000000000000000000000";

    private static readonly NetworkRecord Front = Network("front");
    private static readonly NetworkRecord Back = Network("back.end", isInternal: true);
    private static readonly NetworkRecord Default = Network(NetworkRecord.DefaultName);

    private readonly Dictionary<string, List<NamedEndpoint>> _endpoints = new()
    {
        [Front.Id] = [Endpoint(Front, Web, "web", "10.1.0.2", null, aliases: ["www", "shared"], links: [$"{Database}:db", "cache:store"])],
        [Back.Id] =
        [
            Endpoint(Back, Web, "web", "10.2.0.2", "fd00:2::2"),
            Endpoint(Back, Database, "database", "10.2.0.3", "fd00:2::3", aliases: ["shared", "sql"], links: []),
            Endpoint(Back, Outsider, "cache", "10.2.0.4", null),
        ],
        [Default.Id] = [Endpoint(Default, Web, "web", "172.17.0.2", null)],
    };

    private readonly NameTable _table;
    private readonly NameAnswers _answers;

    public NameAnswersTests()
    {
        _table = new NameTable(id => _endpoints[id]);
        _answers = new NameAnswers(_table);
    }

    [Theory]
    [InlineData("web", "10.1.0.2")]
    [InlineData("WEB", "10.1.0.2")]
    [InlineData("wWw", "10.1.0.2")]
    [InlineData("aaaaaaaaaaaa", "10.1.0.2")]
    [InlineData("database", "10.2.0.3")]
    [InlineData("web.front", "10.1.0.2")]
    [InlineData("web.Back.End", "10.2.0.2")]
    [InlineData("sql.back.end", "10.2.0.3")]
    [InlineData("bbbbbbbbbbbb.back.end", "10.2.0.3")]
    public void Answer_ToAKnownName_IsItsAddressOnACommonNetwork(string name, string address)
        => Assert.Equal([IPAddress.Parse(address)], Ask(Scope(Front, Back), name, DnsType.A).Addresses);

    [Fact]
    public void Answer_RepeatsTheQuestionAsItWasWritten() => Assert.Equal("wEb", Ask(Scope(Front), "wEb", DnsType.A).Question);

    [Fact]
    public void Answer_MayBeKeptForASecondAtMost() => Assert.All(Ask(Scope(Front), "web", DnsType.A).SecondsToLive, seconds => Assert.InRange(seconds, 0u, 1u));

    [Fact]
    public void Answer_ToAAAA_ComesFromTheNetworkThatHasOne()
        => Assert.Equal([IPAddress.Parse("fd00:2::2")], Ask(Scope(Front, Back), "web", DnsType.Aaaa).Addresses);

    [Theory]
    [InlineData(28)] // AAAA
    [InlineData(15)] // MX
    [InlineData(16)] // TXT
    [InlineData(65)] // HTTPS
    public void Answer_ToATypeThatAKnownNameLacks_IsEmptyAndNotForwarded(ushort type)
    {
        var answer = Ask(Scope(Front), "web", (DnsType)type);

        Assert.Equal(DnsCode.NoError, answer.Code);
        Assert.Empty(answer.Addresses);
    }

    [Theory]
    [InlineData("cache")] // on the other network
    [InlineData("web.back.end")]
    [InlineData("web.bridge")]
    [InlineData("nobody")]
    [InlineData("example.org")]
    [InlineData("db")] // the link is for another network's container
    public void Question_ThatNobodyOnACommonNetworkAnswers_IsForwarded(string name) => Assert.Equal(NameVerdict.Forward, Judge(Scope(Front), name, DnsType.A).Verdict);

    [Fact]
    public void Question_OnTheDefaultNetwork_IsForwarded() => Assert.Equal(NameVerdict.Forward, Judge(Scope(Default), "web", DnsType.A).Verdict);

    [Fact]
    public void Question_FromInternalNetworksAlone_IsNeverForwarded()
    {
        Assert.Equal(DnsCode.ServerFailure, Ask(Scope(Back), "example.org", DnsType.A).Code);
        Assert.Equal([IPAddress.Parse("10.2.0.3")], Ask(Scope(Back), "database", DnsType.A).Addresses);
    }

    [Fact]
    public void Link_IsKnownToItsContainerAlone()
    {
        _endpoints[Back.Id][0] = Endpoint(Back, Web, "web", "10.2.0.2", null, links: [$"{Database}:db", "cache:store"]);

        Assert.Equal([IPAddress.Parse("10.2.0.3")], Ask(Scope(Back), "DB", DnsType.A).Addresses);
        Assert.Equal([IPAddress.Parse("10.2.0.4")], Ask(Scope(Back), "store", DnsType.A).Addresses);
        Assert.Equal([IPAddress.Parse("10.2.0.4")], Ask(Scope(Back), "store.back.end", DnsType.A).Addresses);
        Assert.Equal(DnsCode.ServerFailure, Ask(Scope(Database, null, Back), "db", DnsType.A).Code);
    }

    [Fact]
    public void Answer_OfSeveralAddresses_BeginsWithAnotherEachTime()
    {
        _endpoints[Front.Id].Add(Endpoint(Front, Database, "database", "10.1.0.3", null, aliases: ["shared"]));
        _endpoints[Front.Id].Add(Endpoint(Front, Outsider, "cache", "10.1.0.4", null, aliases: ["shared"]));

        var answers = Enumerable.Range(0, 3).Select(_ => Ask(Scope(Front), "shared", DnsType.A).Addresses).ToArray();

        Assert.All(answers, addresses => Assert.Equal(3, addresses.Distinct().Count()));
        Assert.Equal(3, answers.Select(addresses => addresses[0]).Distinct().Count());
    }

    [Fact]
    public void Change_IsAnsweredAtOnce()
    {
        Ask(Scope(Front), "web", DnsType.A);

        _endpoints[Front.Id] = [Endpoint(Front, Web, "renamed", "10.1.0.9", null)];
        _table.Forget(Front.Id);

        Assert.Equal(NameVerdict.Forward, Judge(Scope(Front), "web", DnsType.A).Verdict);
        Assert.Equal([IPAddress.Parse("10.1.0.9")], Ask(Scope(Front), "renamed", DnsType.A).Addresses);
    }

    [Theory]
    [InlineData("2.0.1.10.in-addr.arpa", "web.front")]
    [InlineData("3.0.2.10.IN-ADDR.ARPA", "database.back.end")]
    [InlineData("2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.0.0.0.0.0.d.f.ip6.arpa", "web.back.end")]
    public void Answer_ToAnAddress_IsTheContainerWithItsNetwork(string name, string expected)
        => Assert.Equal([expected], Ask(Scope(Front, Back), name, DnsType.Ptr).Pointers);

    [Theory]
    [InlineData("9.9.9.9.in-addr.arpa")]
    [InlineData("0.1.10.in-addr.arpa")]
    [InlineData("1.2.0.1.10.in-addr.arpa")]
    [InlineData("x.0.1.10.in-addr.arpa")]
    [InlineData("2.0.ip6.arpa")]
    public void Question_ForAnAddressOfNobodys_IsForwarded(string name) => Assert.Equal(NameVerdict.Forward, Judge(Scope(Front), name, DnsType.Ptr).Verdict);

    [Fact]
    public void Answer_ToAnAddressOfALongName_HasAShortOne()
    {
        _endpoints[Front.Id][0] = Endpoint(Front, Web, new string('n', 100), "10.1.0.2", null);

        Assert.Equal(["aaaaaaaaaaaa.front"], Ask(Scope(Front), "2.0.1.10.in-addr.arpa", DnsType.Ptr).Pointers);
    }

    [Fact]
    public void Question_WithoutADotWhereDotsAreSet_IsLeftToTheClientsSearchDomains()
    {
        var scope = new NameScope(Web, [Front], new NameSettings([], HasDots: true));

        Assert.Empty(Ask(scope, "nobody", DnsType.A).Addresses);
        Assert.Equal(NameVerdict.Forward, Judge(scope, "nobody.corp", DnsType.A).Verdict);
        Assert.Equal(NameVerdict.Forward, Judge(scope, "nobody", (DnsType)16).Verdict);
    }

    [Fact]
    public void Answer_ThatDoesNotFit_IsCutAndSaysSo()
    {
        _endpoints[Front.Id] = [.. Enumerable.Range(0, 100).Select(i => Endpoint(Front, $"{i:x12}{new string('0', 52)}", $"c{i}", $"10.1.1.{i}", null, aliases: ["many"]))];

        var small = Ask(Scope(Front), "many", DnsType.A);
        var large = Ask(Scope(Front), "many", DnsType.A, edns: 4096);
        var stream = Ask(Scope(Front), "many", DnsType.A, limit: ushort.MaxValue);

        Assert.True(small.Truncated);
        Assert.InRange(small.Addresses.Count, 20, 40);
        Assert.False(small.HasOpt);
        Assert.False(large.Truncated);
        Assert.Equal(100, large.Addresses.Count);
        Assert.True(large.HasOpt);
        Assert.Equal(100, stream.Addresses.Count);
    }

    [Fact]
    public void Answer_ToAnUnknownVersionOfExtensions_SaysSo()
    {
        var reply = new byte[512];
        _answers.Judge(Scope(Front), DnsMessages.Query("web", DnsType.A, edns: 1232, ednsVersion: 1), null, reply, out var length);

        Assert.Equal(0, reply[3] & 0xF);
        Assert.Equal(1, reply[length - 6]); // 16, BADVERS, has its upper bits in the OPT record
    }

    [Fact]
    public void Message_ThatIsNoQuestion_IsRefusedOrIgnored()
    {
        var query = DnsMessages.Query("web", DnsType.A);

        Assert.Equal(DnsCode.NotImplemented, Code(Changed(query, 2, 0x28))); // UPDATE
        Assert.Equal(DnsCode.FormatError, Code(Changed(query, 5, 2))); // two questions
        Assert.Equal(DnsCode.FormatError, Code(Changed(query, 12, 0xC0))); // a pointer in the question
        Assert.Equal(DnsCode.FormatError, Code(Changed(query, 12, 63))); // a label beyond the end
        Assert.Equal(DnsCode.FormatError, Code(query[..^1]));
        Assert.Equal(DnsCode.FormatError, Code(Changed(query, 11, 1))); // a record that is not there
        Assert.Null(Code(Changed(query, 2, 0x81))); // an answer
        Assert.Null(Code(query[..11]));
    }

    [Fact]
    public void Message_OfAnyBytes_NeitherThrowsNorGetsMoreThanAnAnswer()
    {
        var random = new Random(20260101);
        var reply = new byte[64 << 10];
        byte[][] seeds =
        [
            DnsMessages.Query("web.front", DnsType.A, edns: 4096), DnsMessages.Query("2.0.1.10.in-addr.arpa", DnsType.Ptr), DnsMessages.Query("shared", DnsType.Any, edns: 512, dnssec: true),
        ];
        for (var round = 0; round < 200_000; round++)
        {
            var message = (byte[])seeds[round % seeds.Length].Clone();
            for (var change = random.Next(6); change > 0; change--)
            {
                message[random.Next(message.Length)] = (byte)random.Next(256);
            }

            Array.Resize(ref message, random.Next(4) == 0 ? random.Next(message.Length + 20) : message.Length);
            var limit = random.Next(2) == 0 ? default(int?) : ushort.MaxValue;

            var verdict = _answers.Judge(Scope(Front, Back), message, limit, reply, out var length);

            Assert.Equal(verdict == NameVerdict.Reply, length > 0);
            if (length > 0)
            {
                Assert.Equal(message.AsSpan(0, 2), reply.AsSpan(0, 2));
                Assert.True((reply[2] & 0x80) != 0);
            }
        }
    }

    private static byte[] Changed(byte[] message, int at, byte value)
    {
        var changed = (byte[])message.Clone();
        changed[at] = value;
        return changed;
    }

    private DnsCode? Code(byte[] message)
    {
        var reply = new byte[512];
        return _answers.Judge(Scope(Front), message, null, reply, out _) == NameVerdict.Reply ? (DnsCode)(reply[3] & 0xF) : null;
    }

    private DnsAnswer Ask(NameScope scope, string name, DnsType type, ushort edns = 0, int? limit = null)
    {
        var (verdict, answer) = Judge(scope, name, type, edns, limit);
        Assert.Equal(NameVerdict.Reply, verdict);
        return answer!;
    }

    private (NameVerdict Verdict, DnsAnswer? Answer) Judge(NameScope scope, string name, DnsType type, ushort edns = 0, int? limit = null)
    {
        var reply = new byte[64 << 10];
        var verdict = _answers.Judge(scope, DnsMessages.Query(name, type, edns: edns), limit, reply, out var length);
        return (verdict, verdict == NameVerdict.Reply ? DnsMessages.Read(reply.AsSpan(0, length)) : null);
    }

    private static NameScope Scope(params NetworkRecord[] networks) => Scope(Web, null, networks);

    private static NameScope Scope(string containerId, NameSettings? settings, params NetworkRecord[] networks)
        => new(containerId, networks, settings ?? new NameSettings([], HasDots: false));

    private static NetworkRecord Network(string name, bool isInternal = false)
        => new() { Id = name, Name = name, Driver = NetworkDriver.Bridge, Created = default, Internal = isInternal };

    private static NamedEndpoint Endpoint(NetworkRecord network, string id, string name, string? four, string? six, string[]? aliases = null, string[]? links = null)
        => new(network.Id, id, name, aliases ?? [], links ?? [], four is null ? null : IPAddress.Parse(four), six is null ? null : IPAddress.Parse(six));
}
