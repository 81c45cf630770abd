using System.Net.Sockets;

namespace Berth.Api.Tests.DockerCli;

public sealed class PublishTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    [Fact]
    public async Task Run_WithAPublishedPort_IsReachedByBothLoopbacksAndShownForBothFamilies()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6 && File.Exists("/proc/net/if_inet6"), "needs IPv6 on the host");
        await DockerAsync("run", "-d", "--name", "both", "-p", "8080", "busybox", "sh", "-c", "mkdir /www; echo served > /www/index.html; httpd -f -p 8080 -h /www");
        var shown = (await DockerAsync("port", "both", "8080")).Split('\n');
        using var http = new HttpClient();

        Assert.Equal(2, shown.Length);
        Assert.StartsWith("0.0.0.0:", shown[0], StringComparison.Ordinal);
        Assert.StartsWith("[::]:", shown[1], StringComparison.Ordinal);
        var port = shown[0].Split(':')[^1];
        Assert.Equal(port, shown[1].Split(':')[^1]);
        foreach (var address in new[] { "127.0.0.1", "[::1]" })
        {
            Assert.Equal("served\n", await EventuallyAsync(http, new Uri($"http://{address}:{port}/")));
        }

        await DockerAsync("rm", "-f", "both");
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(new Uri($"http://[::1]:{port}/"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Run_WithAPortOfAKernelWithoutItsProtocol_IsRefusedInWords()
    {
        Assert.SkipWhen(Shared.Linux.PortSockets.Supports(132), "this kernel has SCTP");

        var result = (await Daemon.Docker("run", "--rm", "-p", "9999:9999/sctp", "busybox", "true").RunAsync()).Expect(125);

        Assert.Contains("no SCTP", result.Error, StringComparison.Ordinal);
    }

    private static async Task<string> EventuallyAsync(HttpClient http, Uri address)
    {
        var text = "";
        await Kit.Host.EventuallyAsync(
            async () =>
            {
                try
                {
                    text = await http.GetStringAsync(address);
                    return true;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            $"an answer from {address}");
        return text;
    }
}
