using System.Net.Sockets;
using System.Text;
using Berth.Kit;

namespace Berth.Api.Tests.Networks;

/// <summary>Networks and published ports over HTTP.</summary>
public sealed class NetworkApiTests(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    private TestDaemon Daemon => fixture.Daemon;

    [Fact]
    public async Task List_HasThePredefinedNetworks()
    {
        var networks = (await Daemon.GetAsync("/networks")).EnumerateArray().ToArray();

        Assert.Equal(["bridge bridge", "host host", "none null"],
            networks.Select(network => $"{network.GetProperty("Name")} {network.GetProperty("Driver")}").Order(StringComparer.Ordinal));
        var bridge = networks.Single(network => network.GetProperty("Name").GetString() == "bridge");
        Assert.Equal(Daemon.Bridge, bridge.GetProperty("Options").GetProperty("com.docker.network.bridge.name").GetString());
    }

    [Fact]
    public async Task List_FilteredByDriver_HasThatAlone()
    {
        var networks = (await Daemon.GetAsync("/networks?filters=" + Uri.EscapeDataString("""{"driver":["host"]}"""))).EnumerateArray();

        Assert.Equal("host", Assert.Single(networks).GetProperty("Name").GetString());
    }

    [Fact]
    public async Task PublishedPort_OfARunningContainer_AnswersAndIsShown()
    {
        const string body = """
            {"Image":"busybox","Cmd":["sh","-c","while :; do echo published | nc -l -p 80; done"],
             "ExposedPorts":{"80/tcp":{}},"HostConfig":{"PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":""}]}}}
            """;
        var (status, text) = await Daemon.PostAsync("/containers/create?name=published", body);
        Assert.True(status == 201, text);
        Assert.Equal(204, (await Daemon.PostAsync("/containers/published/start")).Status);

        var settings = (await Daemon.GetAsync("/containers/published/json")).GetProperty("NetworkSettings");
        var port = settings.GetProperty("Ports").GetProperty("80/tcp")[0].GetProperty("HostPort").GetString()!;
        var bridge = await Daemon.GetAsync("/networks/bridge");

        await Host.EventuallyAsync(async () => await AskAsync(int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)) == "published\n", "the port answers");
        var inNetwork = Assert.Single(bridge.GetProperty("Containers").EnumerateObject());
        Assert.Equal("published", inNetwork.Value.GetProperty("Name").GetString());
        Assert.StartsWith(settings.GetProperty("IPAddress").GetString()!, inNetwork.Value.GetProperty("IPv4Address").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_OfAnUnknownNetwork_Is404InDockersWords()
    {
        using var reply = await Daemon.Http.GetAsync("http://daemon/networks/nosuch", TestContext.Current.CancellationToken);

        Assert.Equal(404, (int)reply.StatusCode);
        Assert.Contains("network nosuch not found", await reply.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private static async Task<string> AskAsync(int port)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, patience.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            return await reader.ReadToEndAsync(patience.Token);
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            return "";
        }
    }
}
