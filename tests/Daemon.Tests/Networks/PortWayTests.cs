using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Networks;

public sealed class PortWayTests
{
    private static readonly IPAddress s_four = IPAddress.Parse("172.17.0.2");
    private static readonly IPAddress s_six = IPAddress.Parse("fd00::2");

    [Theory]
    [InlineData(null, true, true, "0.0.0.0>172.17.0.2 ::>fd00::2")]
    [InlineData(null, true, false, "0.0.0.0>172.17.0.2 ::>172.17.0.2")]
    [InlineData(null, false, true, "::>fd00::2")]
    [InlineData("0.0.0.0", true, true, "0.0.0.0>172.17.0.2")]
    [InlineData("127.0.0.1", true, true, "127.0.0.1>172.17.0.2")]
    [InlineData("::1", true, false, "::1>172.17.0.2")]
    [InlineData("::", false, true, "::>fd00::2")]
    public void For_AnAddress_IsTheWaysThereAre(string? asked, bool hasFour, bool hasSix, string expected)
        => Assert.Equal(expected, Text(PortWay.For(Request(asked), hasFour ? Four() : null, hasSix ? Six() : null, IPAddress.Any, hostHasIPv6: true)));

    [Fact]
    public void For_AHostWithoutIPv6_LeavesItOut()
        => Assert.Equal("0.0.0.0>172.17.0.2", Text(PortWay.For(Request(null), Four(), null, IPAddress.Any, hostHasIPv6: false)));

    [Fact]
    public void For_RoutedNetworks_OpensTheContainersOwnAddress()
        => Assert.Equal("172.17.0.2>172.17.0.2 ::>fd00::2", Text(PortWay.For(Request(null), Four(GatewayMode.Routed), Six(), IPAddress.Any, hostHasIPv6: true)));

    [Fact]
    public void For_ANetworkWithABinding_TakesItWhereNoneIsNamed()
        => Assert.Equal("192.0.2.1>172.17.0.2", Text(PortWay.For(Request(null), Four(binding: "192.0.2.1"), null, IPAddress.Any, hostHasIPv6: true)));

    [Fact]
    public void For_Sctp_IsNeverRelayed()
    {
        var request = Request(null, PortProtocol.Sctp);

        Assert.Equal("0.0.0.0>172.17.0.2", Text(PortWay.For(request, Four(), null, IPAddress.Any, hostHasIPv6: true)));
        Assert.Throws<EngineException>(() => PortWay.For(Request("::", PortProtocol.Sctp), Four(), null, IPAddress.Any, hostHasIPv6: true));
    }

    [Fact]
    public void For_AnIPv4AddressOfTheHost_NeedsIPv4InTheContainer()
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => PortWay.For(Request("192.0.2.1"), null, Six(), IPAddress.Any, hostHasIPv6: true)).Kind);

    private static string Text(IReadOnlyList<PortWay> ways) => string.Join(' ', ways.Select(way => $"{way.HostAddress}>{way.TargetAddress}"));

    private static PortRequest Request(string? address, PortProtocol protocol = PortProtocol.Tcp)
        => new(new ContainerPort(80, protocol), address is null ? null : IPAddress.Parse(address), 8080, 8080);

    private static PortTarget Four(GatewayMode mode = GatewayMode.Nat, string? binding = null)
        => new(s_four, Network() with { GatewayModeIPv4 = mode, HostBinding = binding is null ? null : IPAddress.Parse(binding) });

    private static PortTarget Six() => new(s_six, Network());

    private static NetworkRecord Network() => new() { Id = new string('a', 64), Name = "n", Driver = NetworkDriver.Bridge, Created = DateTimeOffset.UnixEpoch };
}
