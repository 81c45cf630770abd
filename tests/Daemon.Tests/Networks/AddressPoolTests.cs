using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Networks;

public sealed class AddressPoolTests
{
    [Fact]
    public void Take_SkipsNetworkGatewayAndBroadcast_UntilNoneIsLeft()
    {
        var pool = Pool("10.0.0.0/29");

        var taken = Enumerable.Range(0, 6).Select(_ => pool.Take()?.ToString()).ToArray();

        Assert.Equal<string?>(["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", null], (IEnumerable<string?>)taken);
    }

    [Fact]
    public void Take_AfterGivingBack_UsesThatAddressLast()
    {
        var pool = Pool("10.0.0.0/29");
        var first = pool.Take()!;
        pool.GiveBack(first);

        Assert.Equal("10.0.0.3", pool.Take()!.ToString());
        Assert.Equal(["10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.2", null], Enumerable.Range(0, 5).Select(_ => pool.Take()?.ToString()));
    }

    [Fact]
    public void Take_FromANarrowedRange_StaysInIt()
    {
        var pool = new AddressPool(IPNetwork.Parse("10.0.0.0/16"), IPNetwork.Parse("10.0.5.0/30"), [IPAddress.Parse("10.0.0.1")]);

        Assert.Equal(["10.0.5.0", "10.0.5.1", "10.0.5.2", "10.0.5.3", null], Enumerable.Range(0, 5).Select(_ => pool.Take()?.ToString()));
        Assert.True(pool.TryTake(IPAddress.Parse("10.0.9.9"))); // by name it may be outside the range
    }

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.7")]
    [InlineData("10.0.0.8")]
    [InlineData("fd00::2")]
    public void TryTake_OfWhatNoContainerMayHave_IsFalse(string address) => Assert.False(Pool("10.0.0.0/29").TryTake(IPAddress.Parse(address)));

    [Fact]
    public void TryTake_OfAnAddressInUse_IsFalse()
    {
        var pool = Pool("10.0.0.0/29");
        Assert.True(pool.TryTake(IPAddress.Parse("10.0.0.2")));

        Assert.False(pool.TryTake(IPAddress.Parse("10.0.0.2")));
        Assert.Equal("10.0.0.3", pool.Take()!.ToString());
    }

    [Fact]
    public void Take_OfIPv6_CountsBeyond32Bits()
    {
        var pool = new AddressPool(IPNetwork.Parse("fd00:1::/64"), IPNetwork.Parse("fd00:1::/64"), [IPAddress.Parse("fd00:1::1")]);

        Assert.Equal(["fd00:1::2", "fd00:1::3"], [pool.Take()!.ToString(), pool.Take()!.ToString()]);
        Assert.True(pool.TryTake(IPAddress.Parse("fd00:1::ffff:ffff:ffff:ffff"))); // IPv6 has no broadcast address
    }

    [Fact]
    public void Choose_AvoidsWhateverIsTaken_InWholeOrInPart()
    {
        Assert.Equal("172.17.0.0/16", SubnetChoice.ChooseIPv4([], [])?.ToString());
        Assert.Equal("172.19.0.0/16", SubnetChoice.ChooseIPv4([], [IPNetwork.Parse("172.17.5.0/24"), IPNetwork.Parse("172.18.0.1/32")])?.ToString());
        Assert.Equal("192.168.16.0/20", SubnetChoice.ChooseIPv4([], [IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.1.0/24")])?.ToString());
        Assert.Null(SubnetChoice.ChooseIPv4([], [IPNetwork.Parse("172.16.0.0/12"), IPNetwork.Parse("192.168.0.0/16")]));
    }

    [Theory]
    [InlineData("172.30.5.1/16", "172.30.5.1", "172.30.0.0/16")]
    [InlineData("10.1.2.3/32", "10.1.2.3", "10.1.2.3/32")]
    [InlineData("fd00::5/64", "fd00::5", "fd00::/64")]
    public void ParseAddress_KeepsTheAddressAndFindsItsNetwork(string text, string address, string network)
    {
        var parsed = Subnets.ParseAddress("--bip", text);

        Assert.Equal((address, network), (parsed.Address.ToString(), parsed.Network.ToString()));
    }

    [Theory]
    [InlineData("172.30.0.1")]
    [InlineData("172.30.0.1/33")]
    [InlineData("172.30.0.1/-1")]
    [InlineData("x/16")]
    public void ParseAddress_OfWhatIsNone_NamesTheOption(string text)
        => Assert.Contains("--bip", Assert.Throws<EngineException>(() => Subnets.ParseAddress("--bip", text)).Message, StringComparison.Ordinal);

    private static AddressPool Pool(string subnet) => new(IPNetwork.Parse(subnet), IPNetwork.Parse(subnet), [IPAddress.Parse("10.0.0.1")]);
}
