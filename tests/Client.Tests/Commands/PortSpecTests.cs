using Berth.Client.Commands.Containers;
using Berth.Client.Commands.Containers.Creation;
using System.Text.Json;

namespace Berth.Client.Tests.Commands;

public sealed class PortSpecTests
{
    [Theory]
    [InlineData("80", "80/tcp  ")]
    [InlineData("53/udp", "53/udp  ")]
    [InlineData("8080:80", "80/tcp  8080")]
    [InlineData("127.0.0.1:8080:80/tcp", "80/tcp 127.0.0.1 8080")]
    [InlineData("127.0.0.1::80", "80/tcp 127.0.0.1 ")]
    [InlineData("[::1]:8080:80", "80/tcp ::1 8080")]
    [InlineData("::1:8080:80", "80/tcp ::1 8080")]
    [InlineData("7000-7001:7000-7001", "7000/tcp  7000;7001/tcp  7001")]
    [InlineData("8000-8001:90-91/udp", "90/udp  8000;91/udp  8001")]
    [InlineData("8000-9000:80", "80/tcp  8000-9000")]
    [InlineData("90-91", "90/tcp  ;91/tcp  ")]
    [InlineData("0:80", "80/tcp  0")]
    public void Parse_EveryForm(string text, string expected)
        => Assert.Equal(expected, string.Join(';', PortSpec.Parse(text).Select(static port => $"{port.ContainerPort} {port.HostAddress} {port.HostPort}")));

    [Theory]
    [InlineData("""[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}]""", "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp")]
    [InlineData("""[{"PrivatePort":81,"Type":"tcp"},{"PrivatePort":80,"Type":"tcp"},{"PrivatePort":53,"Type":"udp"}]""", "53/udp, 80-81/tcp")]
    [InlineData("""[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":80,"Type":"tcp"},{"IP":"0.0.0.0","PrivatePort":81,"PublicPort":81,"Type":"tcp"}]""", "0.0.0.0:80-81->80-81/tcp")]
    [InlineData("[]", "")]
    public void PortColumn_Format(string ports, string expected)
    {
        using var json = JsonDocument.Parse(ports);

        Assert.Equal(expected, PortColumn.Format(json.RootElement.EnumerateArray()));
    }
}
