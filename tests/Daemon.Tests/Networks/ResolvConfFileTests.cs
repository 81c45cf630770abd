using Berth.Daemon.Networks;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Networks;

public sealed class ResolvConfFileTests
{
    private const string Host =
        "# stub\nnameserver 127.0.0.1\nnameserver 10.0.0.53\nnameserver fd00::53\nnameserver fe80::1%lo\ndomain old\nsearch example.org corp\noptions ndots:2\nsortlist 10.0.0.0\n";

    [Fact]
    public void Make_ForAContainer_LosesLoopbackAndUnreachableServers()
        => Assert.Equal(["nameserver 10.0.0.53", "search example.org corp", "options ndots:2", "sortlist 10.0.0.0"], Lines(Make(Host)));

    [Fact]
    public void Make_WithIPv6_KeepsIPv6Servers() => Assert.Contains("nameserver fd00::53", Lines(Make(Host, hasIPv6: true)));

    [Fact]
    public void Make_WithoutAnyUsableServer_AsksPublicOnes()
        => Assert.Equal(["nameserver 8.8.8.8", "nameserver 8.8.4.4"], Lines(Make("nameserver 127.0.0.53\n")));

    [Fact]
    public void Make_InTheHostsNetwork_KeepsItsLoopbackServer()
        => Assert.Equal(["nameserver 127.0.0.53", "options rotate"], Lines(Make("nameserver 127.0.0.53\n", place: ResolverPlace.Host, options: ["rotate"])));

    [Fact]
    public void Make_WithOptions_ReplacesEachKindOfLine()
        => Assert.Equal(["nameserver 1.1.1.1", "options rotate", "sortlist 10.0.0.0"], Lines(Make(Host, dns: ["1.1.1.1"], search: ["."], options: ["rotate"])));

    [Fact]
    public void Make_WithTheNameService_NamesItAloneAndTellsTheOthersInAComment()
    {
        var text = Make("nameserver 127.0.0.53\nsearch corp\n", place: ResolverPlace.NameService);

        Assert.Equal(["nameserver 127.0.0.11", "search corp", "options ndots:0"], Lines(text));
        Assert.Contains("# ExtServers: [host(127.0.0.53)]\n", text);
        Assert.Contains("# Option ndots from: internal\n", text);
    }

    [Theory]
    [InlineData("ndots:2", "options edns0 ndots:2")]
    [InlineData("ndots:x", "options edns0 ndots:0")]
    [InlineData("ndots:-1", "options edns0 ndots:0")]
    public void Make_WithTheNameServiceAndDots_KeepsThemWhenTheyAreANumber(string dots, string expected)
        => Assert.Contains(expected, Lines(Make("", place: ResolverPlace.NameService, options: ["edns0", dots])));

    [Fact]
    public void Make_WithTheNameServiceAndServers_TellsThem()
        => Assert.Contains("# ExtServers: [1.1.1.1 fd00::1]\n", Make("", place: ResolverPlace.NameService, dns: ["1.1.1.1", "fd00::1"]));

    [Fact]
    public void Make_WithAServerThatIsNoAddress_IsInvalid() => Assert.Throws<EngineException>(() => Make("", dns: ["dns.example"]));

    private static string Make(
        string host, string[]? dns = null, string[]? search = null, string[]? options = null, ResolverPlace place = ResolverPlace.Container, bool hasIPv6 = false)
        => ResolvConfFile.Make(ResolverConfiguration.Parse(host), new ResolverOverrides(dns ?? [], search ?? [], options ?? []), place, hasIPv6);

    private static string[] Lines(string text) => [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#')];
}
