using System.Text.Json;
using Berth.Api.Tests.DockerCli;
using Berth.Kit;

namespace Berth.Api.Tests.Networks;

/// <summary>Networks of one's own, by the unmodified docker CLI.</summary>
public sealed class UserNetworkCliTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    [Fact]
    public async Task Create_WithEveryOption_IsShownByInspectAsGiven()
    {
        var id = await DockerAsync("network", "create", "--driver", "bridge", "--subnet", "10.231.0.0/24", "--gateway", "10.231.0.254", "--ip-range", "10.231.0.128/25",
            "--aux-address", "printer=10.231.0.130", "--ipv6", "--subnet", "fd00:231::/64", "--attachable", "--internal", "--label", "tier=front",
            "--opt", "com.docker.network.driver.mtu=1380", "--opt", "example.kept=yes", "all-options");

        var network = (await Daemon.GetAsync("/networks/all-options"));
        Assert.Equal(id, network.GetProperty("Id").GetString());
        Assert.Equal("true true true true", await DockerAsync("network", "inspect", "-f", "{{.Internal}} {{.Attachable}} {{.EnableIPv4}} {{.EnableIPv6}}", "all-options"));
        Assert.Equal("map[com.docker.network.driver.mtu:1380 example.kept:yes] map[tier:front]", await DockerAsync("network", "inspect", "-f", "{{.Options}} {{.Labels}}", "all-options"));
        Assert.Equal(
            """[{"Subnet":"10.231.0.0/24","IPRange":"10.231.0.128/25","Gateway":"10.231.0.254","AuxiliaryAddresses":{"printer":"10.231.0.130"}},{"Subnet":"fd00:231::/64","Gateway":"fd00:231::1"}]""",
            network.GetProperty("IPAM").GetProperty("Config").GetRawText());
        Assert.Equal("10.231.0.128/24 1380", await DockerAsync("run", "--rm", "--network", "all-options", "busybox", "sh", "-c",
            "echo $(ip -4 -o addr show dev eth0 | awk '{print $4}') $(cat /sys/class/net/eth0/mtu)"));
        Assert.DoesNotContain("default", await DockerAsync("run", "--rm", "--network", "all-options", "busybox", "ip", "route"), StringComparison.Ordinal); // internal

        Assert.Equal("all-options", await DockerAsync("network", "rm", "all-options"));
    }

    [Theory]
    [InlineData("network with name twice already exists", "network", "create", "twice")]
    [InlineData("operation is not permitted on predefined bridge network", "network", "create", "bridge")]
    [InlineData("bridge is a pre-defined network and cannot be removed", "network", "rm", "bridge")]
    [InlineData("network nosuch not found", "network", "rm", "nosuch")]
    [InlineData("network nosuch not found", "network", "connect", "nosuch", "cc")]
    [InlineData("No such container: nosuch", "network", "connect", "twice", "nosuch")]
    [InlineData("Pool overlaps with other one on this address space", "network", "create", "--subnet", "10.232.0.128/25", "m")]
    [InlineData("invalid subnet 10.9.0.1/24: it should be 10.9.0.0/24", "network", "create", "--subnet", "10.9.0.1/24", "m")]
    [InlineData("did you mean com.docker.network.driver.mtu?", "network", "create", "-o", "com.docker.network.driver.mut=1400", "m")]
    [InlineData("plugin \"weave\" not found", "network", "create", "-d", "weave", "m")]
    [InlineData("is not connected to network", "network", "disconnect", "twice", "cc")]
    [InlineData("supported on user defined networks only", "create", "--ip", "10.9.0.9", "busybox", "true")]
    [InlineData("invalid IPv4 address: 10.9.0.999", "create", "--network", "name=twice,ip=10.9.0.999", "busybox", "true")]
    public async Task WrongWish_IsRefusedInDockersWords(string words, params string[] command)
    {
        if (!(await DockerAsync("network", "ls", "--format", "{{.Name}}")).Split('\n').Contains("twice"))
        {
            await DockerAsync("network", "create", "--subnet", "10.232.0.0/24", "twice");
            await DockerAsync("create", "--name", "cc", "busybox", "true");
        }

        var result = await Daemon.Docker(command).RunAsync();

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_OnTwoNetworks_IsOnBothAndLeavesByTheOneOfHigherPriority()
    {
        await DockerAsync("network", "create", "--subnet", "10.233.1.0/24", "back");
        await DockerAsync("network", "create", "--subnet", "10.233.2.0/24", "front");
        await DockerAsync("run", "-d", "--name", "two", "--network", "name=back,alias=store", "--network", "name=front,gw-priority=7,ip=10.233.2.50,mac-address=02:00:00:00:00:50", "busybox", "sleep", "600");

        Assert.Equal("default via 10.233.2.1 dev eth0", await DefaultRouteAsync("two"));
        Assert.Equal("02:00:00:00:00:50", await DockerAsync("exec", "two", "cat", "/sys/class/net/eth0/address"));
        Assert.Equal("10.233.2.50 7 10.233.2.50", await DockerAsync("inspect", "-f",
            "{{with .NetworkSettings.Networks.front}}{{.IPAddress}} {{.GwPriority}} {{.IPAMConfig.IPv4Address}}{{end}}", "two"));
        var short12 = (await DockerAsync("inspect", "-f", "{{.Id}}", "two"))[..12];
        Assert.Equal($"[two store {short12}] [store]", await DockerAsync("inspect", "-f", "{{with .NetworkSettings.Networks.back}}{{.DNSNames}} {{.Aliases}}{{end}}", "two"));
        Assert.Equal("two", await DockerAsync("ps", "--filter", "network=front", "--format", "{{.Names}}"));
        Assert.Equal("two", await DockerAsync("ps", "--filter", $"network={(await DockerAsync("network", "inspect", "-f", "{{.Id}}", "back"))[..12]}", "--format", "{{.Names}}"));
        Assert.Equal("10.233.2.50/24", await DockerAsync("network", "inspect", "-f", "{{range .Containers}}{{.IPv4Address}}{{end}}", "front"));

        await DockerAsync("stop", "-t", "0", "two");
        Assert.Equal(" true", await DockerAsync("inspect", "-f", "{{with .NetworkSettings.Networks.front}}{{.EndpointID}} {{ne .NetworkID \"\"}}{{end}}", "two"));
        await DockerAsync("start", "two");
        Assert.Equal("10.233.2.50", await DockerAsync("inspect", "-f", "{{.NetworkSettings.Networks.front.IPAddress}}", "two"));
        await DockerAsync("rm", "-f", "two");
        await DockerAsync("network", "rm", "back", "front");
    }

    [Fact]
    public async Task ConnectAndDisconnect_OfCreatedRunningAndStoppedContainers_AreKept()
    {
        await DockerAsync("network", "create", "--subnet", "10.234.0.0/24", "later");
        await DockerAsync("create", "--name", "mover", "-p", "127.0.0.1::80", "busybox", "sleep", "600");
        await DockerAsync("network", "connect", "--alias", "moved", "--ip", "10.234.0.9", "later", "mover"); // created
        await DockerAsync("start", "mover");
        Assert.Equal("[bridge later]", await NetworksAsync("mover"));
        Assert.Contains("10.234.0.9", await DockerAsync("exec", "mover", "ip", "addr"), StringComparison.Ordinal);
        var port = await DockerAsync("port", "mover", "80");

        await DockerAsync("network", "disconnect", "bridge", "mover"); // running
        Assert.Equal("[later]", await NetworksAsync("mover"));
        Assert.Equal("default via 10.234.0.1 dev eth1", await DefaultRouteAsync("mover"));
        Assert.Equal(port, await DockerAsync("port", "mover", "80"));
        await DockerAsync("restart", "-t", "0", "mover");
        Assert.Equal("[later]", await NetworksAsync("mover"));

        await DockerAsync("stop", "-t", "0", "mover");
        await DockerAsync("network", "connect", "bridge", "mover"); // stopped
        await DockerAsync("network", "disconnect", "later", "mover");
        Assert.Equal("[bridge]", await NetworksAsync("mover"));
        await DockerAsync("start", "mover");
        await DockerAsync("network", "disconnect", "-f", "bridge", "mover");
        Assert.Equal("[]", await NetworksAsync("mover")); // on none, and reachable by none
        Assert.Equal("lo", await DockerAsync("exec", "mover", "ls", "/sys/class/net"));
        await DockerAsync("network", "connect", "later", "mover");
        Assert.Equal("[later]", await NetworksAsync("mover"));
        await DockerAsync("rm", "-f", "mover");
        await DockerAsync("network", "rm", "later");
    }

    [Fact]
    public async Task RestartOfTheDaemon_KeepsNetworksConnectionsAndAddresses()
    {
        await DockerAsync("network", "create", "kept");
        await DockerAsync("run", "-d", "--name", "stays", "--network", "kept", "busybox", "sleep", "600");
        await DockerAsync("network", "connect", "bridge", "stays");
        var before = await DockerAsync("inspect", "-f", "{{json .NetworkSettings.Networks}}", "stays");

        await Daemon.KillAsync();
        await Daemon.LaunchAsync();

        Assert.Equal(before, await DockerAsync("inspect", "-f", "{{json .NetworkSettings.Networks}}", "stays"));
        await DockerAsync("network", "disconnect", "kept", "stays");
        Assert.Equal("[bridge]", await NetworksAsync("stays"));
        await DockerAsync("rm", "-f", "stays");
        await DockerAsync("network", "rm", "kept");
    }

    [Fact]
    public async Task Events_TellOfNetworksWithNameTypeAndContainer()
    {
        var since = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture);
        var id = await DockerAsync("network", "create", "told");
        var container = await DockerAsync("run", "-d", "--network", "told", "busybox", "sleep", "600");
        await DockerAsync("network", "disconnect", "told", container);
        await DockerAsync("network", "rm", "told");
        await DockerAsync("rm", "-f", container);

        var lines = (await DockerAsync("events", "--since", since, "--until", TimeProvider.System.GetUtcNow().AddSeconds(1).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture), "--filter", "type=network", "--filter", $"network={id}", "--format", "{{json .}}"))
            .Split('\n').Select(line => JsonDocument.Parse(line).RootElement).ToArray();

        Assert.Equal(["create", "connect", "disconnect", "destroy"], lines.Select(line => line.GetProperty("Action").GetString()));
        Assert.All(lines, line => Assert.Equal("told bridge", $"{Attribute(line, "name")} {Attribute(line, "type")}"));
        Assert.Equal(container, Attribute(lines[1], "container"));

        static string? Attribute(JsonElement line, string name) => line.GetProperty("Actor").GetProperty("Attributes").GetProperty(name).GetString();
    }

    [Fact]
    public async Task OlderClients_AreToldThatTheyAskForTooMuch()
    {
        var (status, text) = await Daemon.PostAsync("/v1.43/containers/create", """{"Image":"busybox","NetworkingConfig":{"EndpointsConfig":{"bridge":{},"none":{}}}}""");

        Assert.Equal(400, status);
        Assert.Contains("Container cannot be connected to network endpoints: bridge, none", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prune_SparesNetworksInUseAndThoseThatTheFilterSpares()
    {
        await DockerAsync("network", "create", "--label", "prune=this", "unused");
        await DockerAsync("network", "create", "spared");

        Assert.Equal("Deleted Networks:\nunused", await DockerAsync("network", "prune", "-f", "--filter", "label=prune=this"));
        Assert.Contains("spared", await DockerAsync("network", "ls", "--format", "{{.Name}}"), StringComparison.Ordinal);
        await DockerAsync("network", "rm", "spared");
    }

    private async Task<string> NetworksAsync(string container)
        => (await DockerAsync("inspect", "-f", "[{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}]", container)).Replace(" ]", "]", StringComparison.Ordinal);

    private async Task<string> DefaultRouteAsync(string container)
        => Assert.Single((await DockerAsync("exec", container, "ip", "route")).Split('\n'), line => line.StartsWith("default", StringComparison.Ordinal)).Trim();
}
