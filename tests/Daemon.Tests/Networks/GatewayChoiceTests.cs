using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Networks;

public sealed class GatewayChoiceTests
{
    [Fact]
    public void Of_EqualPriorities_IsTheFirstByName() => Assert.Equal("alpha", Choose(("beta", 0, true, false), ("alpha", 0, true, false)).IPv4?.Id);

    [Fact]
    public void Of_APriority_IsTheHighest() => Assert.Equal("beta", Choose(("alpha", 1, true, false), ("beta", 2, true, false), ("gamma", -3, true, false)).IPv4?.Id);

    [Fact]
    public void Of_DifferentFamilies_IsChosenForEach()
    {
        var gateways = Choose(("alpha", 5, true, false), ("beta", 0, true, true), ("gamma", 9, false, false));

        Assert.Equal(("alpha", "beta"), (gateways.IPv4?.Id, gateways.IPv6?.Id));
    }

    [Fact]
    public void Of_InternalNetworks_IsNone()
    {
        var network = Network("alpha") with { Internal = true };

        Assert.Null(GatewayChoice.Of([(Endpoint("alpha", 0, true, true), network)]).IPv4);
    }

    [Theory]
    [InlineData("net.ipv4.conf.eth0.forwarding=1")]
    [InlineData("net.ipv4.conf.IFNAME/../all.forwarding=1")]
    [InlineData("net.ipv4.conf.IFNAME.forwarding")]
    [InlineData("kernel.conf.IFNAME.x=1")]
    [InlineData("net.ipv4.conf.IFNAME.a.b=1")]
    public void EndpointOptions_AForeignSetting_IsRefused(string setting)
        => Assert.Contains(setting, Refused(EndpointOptions.Sysctls, setting).Message, StringComparison.Ordinal);

    [Fact]
    public void EndpointOptions_OfItsOwn_BecomePaths()
    {
        var options = new Dictionary<string, string> { [EndpointOptions.Sysctls] = "net.ipv4.conf.IFNAME.log_martians=1,net.ipv6.neigh.IFNAME.retrans_time_ms=500" };

        EndpointOptions.Check(options);

        Assert.Equal([("net/ipv4/conf/lan0/log_martians", "1"), ("net/ipv6/neigh/lan0/retrans_time_ms", "500")], EndpointOptions.SysctlsOf(options, "lan0"));
    }

    [Theory]
    [InlineData(EndpointOptions.InterfaceName, "a/b")]
    [InlineData(EndpointOptions.InterfaceName, "")]
    [InlineData("com.docker.network.endpoint.other", "1")]
    public void EndpointOptions_AWrongOne_IsRefusedByName(string name, string value) => Assert.Contains(name, Refused(name, value).Message, StringComparison.Ordinal);

    [Fact]
    public void DnsNames_AreNameAliasesShortIdAndHostname_EachOnce()
        => Assert.Equal(["web", "shop", "0123456789ab", "host"], DnsNames.Of("web", "0123456789abcdef", ["shop", "web"], "host"));

    private static EngineException Refused(string name, string value)
        => Assert.Throws<EngineException>(() => EndpointOptions.Check(new Dictionary<string, string> { [name] = value }));

    private static GatewayChoice Choose(params (string Name, int Priority, bool IPv4, bool IPv6)[] networks)
        => GatewayChoice.Of(networks.Select(network => (Endpoint(network.Name, network.Priority, network.IPv4, network.IPv6), Network(network.Name))));

    private static NetworkRecord Network(string name) => new() { Id = name, Name = name, Driver = NetworkDriver.Bridge, Created = DateTimeOffset.UnixEpoch };

    private static EndpointRecord Endpoint(string network, int priority, bool four, bool six) => new()
    {
        Id = network,
        ContainerId = "c",
        ContainerName = "c",
        NetworkId = network,
        SandboxId = "s",
        GatewayPriority = priority,
        IPv4Address = four ? IPAddress.Parse("10.0.0.2") : null,
        IPv6Address = six ? IPAddress.Parse("fd00::2") : null,
    };
}
