using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Networks;

public sealed class NetworkDraftTests
{
    private const string Id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    /// <summary>A wrong value, and what the message must name.</summary>
    public static TheoryData<NetworkCreateRequest, ErrorKind, string> Wrong => new()
    {
        { new() { Name = "" }, ErrorKind.InvalidArgument, "name is empty" },
        { new() { Name = "a b" }, ErrorKind.InvalidArgument, "invalid network name a b" },
        { new() { Name = "-a" }, ErrorKind.InvalidArgument, "invalid network name -a" },
        { new() { Name = "bridge" }, ErrorKind.Forbidden, "operation is not permitted on predefined bridge network" },
        { new() { Name = "none" }, ErrorKind.Forbidden, "predefined none" },
        { new() { Name = "n", Driver = "host" }, ErrorKind.Forbidden, "only one instance of \"host\" network is allowed" },
        { new() { Name = "n", Driver = "overlay" }, ErrorKind.Forbidden, "swarm" },
        { new() { Name = "n", Driver = "weave" }, ErrorKind.NotFound, "weave" },
        { new() { Name = "n", Scope = "swarm" }, ErrorKind.InvalidArgument, "Scope swarm" },
        { new() { Name = "n", Ingress = true }, ErrorKind.InvalidArgument, "Ingress" },
        { new() { Name = "n", ConfigOnly = true }, ErrorKind.InvalidArgument, "ConfigOnly" },
        { new() { Name = "n", ConfigFrom = new ConfigReference { Network = "t" } }, ErrorKind.InvalidArgument, "ConfigFrom t" },
        { new() { Name = "n", EnableIPv4 = false }, ErrorKind.InvalidArgument, "IPv4 or IPv6 must be enabled" },
        { With(new IpamPool { Subnet = "10.1.0.0" }), ErrorKind.InvalidArgument, "invalid subnet 10.1.0.0: invalid CIDR block notation" },
        { With(new IpamPool { Subnet = "10.1.2.3/16" }), ErrorKind.InvalidArgument, "invalid subnet 10.1.2.3/16: it should be 10.1.0.0/16" },
        { With(new IpamPool { Subnet = "10.1.0.0/33" }), ErrorKind.InvalidArgument, "invalid subnet 10.1.0.0/33" },
        { With(new IpamPool { Subnet = "010.1.0.0/16" }), ErrorKind.InvalidArgument, "invalid subnet 010.1.0.0/16" },
        { With(new IpamPool { Gateway = "10.1.0.1" }), ErrorKind.InvalidArgument, "invalid subnet" },
        { With(new IpamPool { Subnet = "10.1.0.1/32" }), ErrorKind.InvalidArgument, "one address only" },
        { With(new IpamPool { Subnet = "10.1.0.0/16", Gateway = "10.2.0.1" }), ErrorKind.InvalidArgument, "invalid gateway 10.2.0.1: parent subnet 10.1.0.0/16 doesn't contain this address" },
        { With(new IpamPool { Subnet = "10.1.0.0/16", Gateway = "fd00::1" }), ErrorKind.InvalidArgument, "invalid gateway fd00::1: parent subnet is an IPv4 block" },
        { With(new IpamPool { Subnet = "10.1.0.0/16", Gateway = "x" }), ErrorKind.InvalidArgument, "invalid gateway x: invalid address" },
        { With(new IpamPool { Subnet = "10.1.0.0/16", IPRange = "10.0.0.0/8" }), ErrorKind.InvalidArgument, "invalid ip-range 10.0.0.0/8: CIDR block is bigger than its parent subnet 10.1.0.0/16" },
        { With(new IpamPool { Subnet = "10.1.0.0/16", IPRange = "10.2.0.0/24" }), ErrorKind.InvalidArgument, "invalid ip-range 10.2.0.0/24: parent subnet 10.1.0.0/16 doesn't contain ip-range" },
        { With(new IpamPool { Subnet = "10.1.0.0/16", IPRange = "fd00::/64" }), ErrorKind.InvalidArgument, "parent subnet is an IPv4 block" },
        { With(new IpamPool { Subnet = "10.1.0.0/16", AuxiliaryAddresses = new() { ["p"] = "10.2.0.1" } }), ErrorKind.InvalidArgument, "invalid auxiliary address p: parent subnet 10.1.0.0/16 doesn't contain this address" },
        { With(new IpamPool { Subnet = "10.1.0.0/16" }, new IpamPool { Subnet = "10.2.0.0/16" }), ErrorKind.InvalidArgument, "10.2.0.0/16" },
        { With(new IpamPool { Subnet = "fd00:1::/64" }), ErrorKind.InvalidArgument, "IPv6 is not enabled" },
        { new() { Name = "n", IPAM = new Ipam { Driver = "dhcp" } }, ErrorKind.InvalidArgument, "IPAM.Driver dhcp" },
        { new() { Name = "n", IPAM = new Ipam { Options = new() { ["serial"] = "1" } } }, ErrorKind.InvalidArgument, "IPAM.Options serial" },
        { new() { Name = "n", IPAM = new Ipam { Driver = "null", Config = [new() { Subnet = "10.1.0.0/16" }] } }, ErrorKind.InvalidArgument, "IPAM.Config 10.1.0.0/16" },
        { Option("com.docker.network.bridge.enable_icc", "maybe"), ErrorKind.InvalidArgument, "enable_icc \"maybe\": it is true or false" },
        { Option("com.docker.network.bridge.enable_iccc", "true"), ErrorKind.InvalidArgument, "did you mean com.docker.network.bridge.enable_icc?" },
        { Option("com.docker.network.bridge.name", "a/b"), ErrorKind.InvalidArgument, "bridge.name \"a/b\"" },
        { Option("com.docker.network.bridge.name", "averyverylongname"), ErrorKind.InvalidArgument, "15 letters" },
        { Option("com.docker.network.bridge.host_binding_ipv4", "::1"), ErrorKind.InvalidArgument, "host_binding_ipv4 \"::1\"" },
        { Option("com.docker.network.bridge.gateway_mode_ipv4", "isolated"), ErrorKind.InvalidArgument, "internal networks only" },
        { Option("com.docker.network.bridge.gateway_mode_ipv6", "bridged"), ErrorKind.InvalidArgument, "nat, routed" },
        { Option("com.docker.network.driver.mtu", "67"), ErrorKind.InvalidArgument, "driver.mtu \"67\"" },
        { Option("com.docker.network.driver.mtu", "-1"), ErrorKind.InvalidArgument, "driver.mtu \"-1\"" },
        { Option("com.docker.network.container_iface_prefix", "a b"), ErrorKind.InvalidArgument, "container_iface_prefix" },
        { Option("parent", "eth0"), ErrorKind.InvalidArgument, "networks of the driver bridge have no such option" },
        { Option("macvlan_mode", "vlan", "macvlan"), ErrorKind.InvalidArgument, "macvlan_mode \"vlan\": it is one of bridge, private, vepa, passthru" },
        { Option("ipvlan_mode", "l4", "ipvlan"), ErrorKind.InvalidArgument, "ipvlan_mode \"l4\"" },
        { Option("ipvlan_flag", "x", "ipvlan"), ErrorKind.InvalidArgument, "ipvlan_flag \"x\"" },
        { Option("macvlan_mode", "bridge", "ipvlan"), ErrorKind.InvalidArgument, "the driver ipvlan have no such option" },
        { Option("parent", "eth0/1", "macvlan"), ErrorKind.InvalidArgument, "parent \"eth0/1\"" },
        { Option("com.docker.network.bridge.enable_icc", "true", "macvlan"), ErrorKind.InvalidArgument, "the driver macvlan have no such option" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void From_AWrongValue_IsRefusedByName(NetworkCreateRequest request, ErrorKind kind, string names)
    {
        var refused = Assert.Throws<EngineException>(() => NetworkDraft.From(request, Id, DateTimeOffset.UnixEpoch));

        Assert.Equal(kind, refused.Kind);
        Assert.Contains(names, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void From_ANameAlone_IsABridgeThatIsNamedByItsId()
    {
        var draft = NetworkDraft.From(new NetworkCreateRequest { Name = "n" }, Id, DateTimeOffset.UnixEpoch);

        Assert.Equal("br-0123456789ab", draft.Record.Bridge);
        Assert.Equal(NetworkDriver.Bridge, draft.Record.Driver);
        Assert.True(draft.Record is { Masquerade: true, InterContainerCommunication: true, Internal: false, Mtu: 0, InterfacePrefix: "eth" });
        Assert.NotNull(draft.IPv4);
        Assert.Null(draft.IPv6);
    }

    [Fact]
    public void From_AllOptions_AreUnderstood()
    {
        var draft = NetworkDraft.From(
            new NetworkCreateRequest
            {
                Name = "n",
                Internal = true,
                Attachable = true,
                EnableIPv4 = false,
                EnableIPv6 = true,
                Labels = new() { ["a"] = "b" },
                Options = new()
                {
                    ["com.docker.network.bridge.name"] = "mine0",
                    ["com.docker.network.bridge.enable_icc"] = "false",
                    ["com.docker.network.bridge.enable_ip_masquerade"] = "0",
                    ["com.docker.network.bridge.host_binding_ipv4"] = "127.0.0.1",
                    ["com.docker.network.bridge.gateway_mode_ipv6"] = "isolated",
                    ["com.docker.network.bridge.inhibit_ipv4"] = "true",
                    ["com.docker.network.driver.mtu"] = "1450",
                    ["com.docker.network.container_iface_prefix"] = "lan",
                    ["example.owner"] = "kept",
                },
            },
            Id,
            DateTimeOffset.UnixEpoch);

        Assert.True(draft.Record is
        {
            Bridge: "mine0", Internal: true, Attachable: true, InterContainerCommunication: false, Masquerade: false, Mtu: 1450,
            InterfacePrefix: "lan", GatewayModeIPv4: GatewayMode.Nat, GatewayModeIPv6: GatewayMode.Isolated, GivesBridgeIPv4: false,
        });
        Assert.Equal(IPAddress.Loopback, draft.Record.HostBinding);
        Assert.Equal("kept", draft.Record.Options["example.owner"]);
        Assert.Null(draft.IPv4);
        Assert.NotNull(draft.IPv6);
    }

    [Theory]
    [InlineData("macvlan", null, "bridge", false)]
    [InlineData("macvlan", "passthru", "passthru", false)]
    [InlineData("ipvlan", null, "l2", false)]
    [InlineData("ipvlan", "l3s", "l3s", false)]
    public void From_AParent_HasADriversModeAndNoBridge(string driver, string? mode, string expected, bool isInternal)
    {
        var request = Option("parent", "eth0.10", driver);
        if (mode is not null)
        {
            request.Options![driver + "_mode"] = mode;
        }

        var record = NetworkDraft.From(request, Id, DateTimeOffset.UnixEpoch).Record;

        Assert.Equal((expected, "eth0.10", null, isInternal), (record.Mode, record.Parent, record.Bridge, record.Internal));
    }

    [Fact]
    public void From_NoParent_IsInternal()
        => Assert.True(NetworkDraft.From(new NetworkCreateRequest { Name = "n", Driver = "macvlan" }, Id, DateTimeOffset.UnixEpoch).Record.Internal);

    [Fact]
    public void From_TheIpamDriverNull_HasNoAddresses()
    {
        var draft = NetworkDraft.From(new NetworkCreateRequest { Name = "n", IPAM = new Ipam { Driver = "null" } }, Id, DateTimeOffset.UnixEpoch);

        Assert.Equal((null, null), (draft.IPv4, draft.IPv6));
    }

    [Fact]
    public void Complete_WithoutAGateway_TakesTheFirstAddressOfTheRange()
    {
        Assert.Equal("10.1.0.1", Pool(new IpamPool { Subnet = "10.1.0.0/16" }).Complete(null).Gateway.ToString());
        Assert.Equal("10.1.5.0", Pool(new IpamPool { Subnet = "10.1.0.0/16", IPRange = "10.1.5.0/24" }).Complete(null).Gateway.ToString());
        Assert.Equal("10.1.0.2", Pool(new IpamPool { Subnet = "10.1.0.0/16", AuxiliaryAddresses = new() { ["r"] = "10.1.0.1" } }).Complete(null).Gateway.ToString());
        Assert.Equal("fd00:1::1", Pool(new IpamPool { Subnet = "fd00:1::/64" }).Complete(null).Gateway.ToString());
        Assert.Equal("10.9.0.1", new PoolDraft().Complete(IPNetwork.Parse("10.9.0.0/24")).Gateway.ToString());
    }

    [Fact]
    public void Complete_WithTheGatewayReserved_IsRefused()
        => Assert.Contains("p", Assert.Throws<EngineException>(() => Pool(
            new IpamPool { Subnet = "10.1.0.0/16", Gateway = "10.1.0.9", AuxiliaryAddresses = new() { ["p"] = "10.1.0.9" } }).Complete(null)).Message, StringComparison.Ordinal);

    [Fact]
    public void Choice_FromPoolsOfOnesOwn_SkipsWhatIsTaken()
    {
        AddressPoolOption[] pools = [NetworkOptions.ParsePool("base=10.10.0.0/16,size=24"), NetworkOptions.ParsePool("base=fd00:10::/56,size=64")];

        Assert.Equal("10.10.0.0/24", SubnetChoice.ChooseIPv4(pools, []).ToString());
        Assert.Equal("10.10.6.0/24", SubnetChoice.ChooseIPv4(pools, [IPNetwork.Parse("10.10.0.0/22"), IPNetwork.Parse("10.10.4.0/23")]).ToString());
        Assert.Null(SubnetChoice.ChooseIPv4(pools, [IPNetwork.Parse("10.0.0.0/8")]));
        Assert.Equal("fd00:10:0:1::/64", SubnetChoice.ChooseIPv6(pools, Id, [IPNetwork.Parse("fd00:10::/64")]).ToString());
        Assert.Equal("fd01:2345:6789:abcd::/64", SubnetChoice.ChooseIPv6([], Id, []).ToString());
    }

    [Theory]
    [InlineData("10.10.0.0/16")]
    [InlineData("base=10.10.0.0/16")]
    [InlineData("base=10.10.0.0/16,size=8")]
    [InlineData("base=10.10.0.0/16,size=32")]
    [InlineData("base=10.10.0.1/16,size=24")]
    [InlineData("base=10.10.0.0/16,size=24,gap=1")]
    public void ParsePool_OfAWrongPool_NamesTheOption(string text)
        => Assert.Contains($"--default-address-pool {text}", Assert.Throws<EngineException>(() => NetworkOptions.ParsePool(text)).Message, StringComparison.Ordinal);

    private static PoolDraft Pool(IpamPool pool) => PoolDraft.From(pool);

    private static NetworkCreateRequest With(params IpamPool[] pools) => new() { Name = "n", IPAM = new Ipam { Config = [.. pools] } };

    private static NetworkCreateRequest Option(string name, string value, string? driver = null)
        => new() { Name = "n", Driver = driver, Options = new() { [name] = value } };
}
