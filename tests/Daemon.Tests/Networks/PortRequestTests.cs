using System.Net;
using Berth.Daemon.Networks;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Daemon.Tests.Networks;

public sealed class PortRequestTests
{
    [Theory]
    [InlineData("80/tcp", "", "", 80, PortProtocol.Tcp, null, 0, 0)]
    [InlineData("80", "", "0", 80, PortProtocol.Tcp, null, 0, 0)]
    [InlineData("53/UDP", "127.0.0.1", "5353", 53, PortProtocol.Udp, "127.0.0.1", 5353, 5353)]
    [InlineData("80/tcp", "0.0.0.0", "8000-8010", 80, PortProtocol.Tcp, "0.0.0.0", 8000, 8010)]
    [InlineData("80/tcp", "[::1]", "8080", 80, PortProtocol.Tcp, "::1", 8080, 8080)]
    internal void Parse_OfOneBinding_IsThatRequest(string key, string address, string port, int container, PortProtocol protocol, string? host, int first, int last)
    {
        var request = Assert.Single(Parse(key, address, port));

        Assert.Equal(new ContainerPort((ushort)container, protocol), request.Container);
        Assert.Equal(host is null ? null : IPAddress.Parse(host), request.HostAddress);
        Assert.Equal((first, last), (request.FirstHostPort, request.LastHostPort));
    }

    [Theory]
    [InlineData("0/tcp", "", "80")]
    [InlineData("80/icmp", "", "80")]
    [InlineData("65536/tcp", "", "80")]
    [InlineData("-1/tcp", "", "80")]
    [InlineData("80/tcp", "", "x")]
    [InlineData("80/tcp", "", "90-80")]
    [InlineData("80/tcp", "", "0-80")]
    [InlineData("80/tcp", "1.2", "80")]
    [InlineData("80/tcp", "localhost", "80")]
    [InlineData("80/tcp", "256.0.0.1", "80")]
    public void Parse_OfWhatIsNoPort_IsInvalid(string key, string address, string port)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => Parse(key, address, port)).Kind);

    [Fact]
    public void Parse_OfAnSctpPort_DependsOnTheKernel()
    {
        if (PortSockets.Supports((byte)PortProtocol.Sctp))
        {
            Assert.Equal(PortProtocol.Sctp, Assert.Single(Parse("80/sctp", "", "80")).Container.Protocol);
            return;
        }

        Assert.Contains("no SCTP", Assert.Throws<EngineException>(() => Parse("80/sctp", "", "80")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OfARange_IsOneRequestForEachPort()
        => Assert.Equal([8000, 8001, 8002], Parse("8000-8002/tcp", "", "").Select(request => (int)request.Container.Port));

    [Fact]
    public void Parse_WithPublishAll_AddsExposedPortsThatHaveNoBinding()
    {
        var requests = PortRequest.Parse([Binding("80/tcp", "", "8080")], ["80/tcp", "443/tcp", "53/udp", "443"], publishAll: true);

        Assert.Equal(["53/udp", "443/tcp", "80/tcp"], requests.OrderBy(request => request.FirstHostPort).ThenBy(request => request.Container.Port).Select(request => request.Container.ToString()));
    }

    [Fact]
    public void Parse_OrdersFixedPortsBeforeRangesBeforeAnyFree()
    {
        var requests = PortRequest.Parse([Binding("1/tcp", "", ""), Binding("2/tcp", "", "8000-8010"), Binding("3/tcp", "", "8000")], [], publishAll: false);

        Assert.Equal([3, 2, 1], requests.Select(request => (int)request.Container.Port));
    }

    private static IReadOnlyList<PortRequest> Parse(string key, string address, string port) => PortRequest.Parse([Binding(key, address, port)], [], publishAll: false);

    private static KeyValuePair<string, IReadOnlyList<(string HostAddress, string HostPort)>> Binding(string key, string address, string port) => new(key, [(address, port)]);
}
