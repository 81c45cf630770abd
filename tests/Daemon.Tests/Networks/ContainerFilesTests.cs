using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Networks;

public sealed class ContainerFilesTests
{
    private const string HostResolvConf = "# stub\nnameserver 127.0.0.1\nnameserver 10.0.0.53\nnameserver fd00::53\nnameserver fe80::1%eth0\ndomain old\nsearch example.org corp\noptions ndots:2\n";

    [Fact]
    public void ResolvConf_OfTheHost_LosesLoopbackAndUnreachableServers()
    {
        var text = Resolv(HostResolvConf);

        Assert.Equal(["nameserver 10.0.0.53", "search example.org corp", "options ndots:2"], Lines(text));
    }

    [Fact]
    public void ResolvConf_WithIPv6_KeepsIPv6Servers()
        => Assert.Contains("nameserver fd00::53", Lines(Resolv(HostResolvConf, hasIPv6: true)));

    [Fact]
    public void ResolvConf_WithoutAnyUsableServer_AsksPublicOnes()
        => Assert.Equal(["nameserver 8.8.8.8", "nameserver 8.8.4.4"], Lines(Resolv("nameserver 127.0.0.53\n")));

    [Fact]
    public void ResolvConf_InTheHostsNetwork_KeepsItsLoopbackServer()
        => Assert.Equal(["nameserver 127.0.0.53"], Lines(Resolv("nameserver 127.0.0.53\n", sharesHost: true)));

    [Fact]
    public void ResolvConf_WithOptions_ReplacesEachKindOfLine()
    {
        var text = ContainerFiles.ResolvConf(ResolverConfiguration.Parse(HostResolvConf), ["1.1.1.1"], ["."], ["rotate"], sharesHostNetwork: false, hasIPv6: false);

        Assert.Equal(["nameserver 1.1.1.1", "options rotate"], Lines(text));
    }

    [Fact]
    public void ResolvConf_WithAServerThatIsNoAddress_IsInvalid()
        => Assert.Throws<EngineException>(() => ContainerFiles.ResolvConf(ResolverConfiguration.Parse(""), ["dns.example"], [], [], sharesHostNetwork: false, hasIPv6: false));

    [Fact]
    public void Hosts_HasLoopbackExtrasAndItself()
    {
        var text = ContainerFiles.Hosts("web", "corp", [IPAddress.Parse("172.17.0.2")], ["db:10.0.0.5", "gw=host-gateway", "six:[fd00::1]"], IPAddress.Parse("172.17.0.1"));

        var lines = text.Split('\n');
        Assert.Equal("127.0.0.1\tlocalhost", lines[0]);
        Assert.Contains("10.0.0.5\tdb", lines);
        Assert.Contains("172.17.0.1\tgw", lines);
        Assert.Contains("fd00::1\tsix", lines);
        Assert.Contains("172.17.0.2\tweb.corp web", lines);
    }

    [Theory]
    [InlineData("db")]
    [InlineData(":1.2.3.4")]
    [InlineData("db:nowhere")]
    [InlineData("a\nb:1.2.3.4")]
    public void ParseExtraHost_OfWhatIsNone_IsInvalid(string text) => Assert.Throws<EngineException>(() => ContainerFiles.ParseExtraHost(text));

    [Theory]
    [InlineData("02:42:ac:11:00:02")]
    [InlineData("02-42-AC-11-00-02")]
    public void MacAddress_IsReadInBothForms(string text) => Assert.Equal("02:42:ac:11:00:02", MacAddresses.Format(MacAddresses.Parse(text)));

    [Theory]
    [InlineData("")]
    [InlineData("02:42:ac:11:00")]
    [InlineData("01:42:ac:11:00:02")]
    [InlineData("00:00:00:00:00:00")]
    [InlineData("2:42:ac:11:00:02")]
    public void MacAddress_ThatNoInterfaceMayHave_IsInvalid(string text) => Assert.Throws<EngineException>(() => MacAddresses.Parse(text));

    [Fact]
    public void Counters_AreReadByInterface()
    {
        const string text =
            "Inter-|   Receive                                                |  Transmit\n" +
            " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" +
            "    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0\n" +
            "  eth0:    1296      16    1    2    0     0          0         0      446       5    3    4    0     0       0          0\n";

        Assert.Equal(new InterfaceCounters("eth0", 1296, 16, 1, 2, 446, 5, 3, 4), Assert.Single(InterfaceCounters.Parse(text)));
    }

    private static string Resolv(string host, bool sharesHost = false, bool hasIPv6 = false)
        => ContainerFiles.ResolvConf(ResolverConfiguration.Parse(host), [], [], [], sharesHost, hasIPv6);

    private static string[] Lines(string text) => [.. text.Split('\n').Where(line => line.Length > 0 && line[0] != '#')];
}
