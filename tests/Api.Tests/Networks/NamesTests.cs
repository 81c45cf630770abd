using System.Globalization;
using Berth.Api.Tests.DockerCli;
using Berth.Kit;

namespace Berth.Api.Tests.Networks;

/// <summary>Containers that find each other by name, seen by programs inside them.</summary>
public sealed class NamesTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    [Fact]
    public async Task Names_OfANeighbour_AreItsNameAliasIdAndHostname()
    {
        await using var network = await NetworkAsync("front");
        var id = await SleeperAsync("web", "--network", "front", "--network-alias", "www", "--hostname", "web-host");
        await SleeperAsync("asker", "--network", "front");
        var address = await AddressAsync("web", "front");

        foreach (var name in new[] { "web", "WEB", "www", "web-host", id[..12], "web.front" })
        {
            Assert.Equal([address], await ResolveAsync("asker", name));
        }

        Assert.Contains("web.front", await DockerAsync("exec", "asker", "nslookup", address), StringComparison.Ordinal);
        Assert.Contains("1 packets received", await DockerAsync("exec", "asker", "ping", "-c1", "-W5", "web"), StringComparison.Ordinal);
        await RemoveAsync("web", "asker");
    }

    [Fact]
    public async Task Names_FollowConnectRenameRestartAndDisconnect()
    {
        await using var one = await NetworkAsync("moving1");
        await using var two = await NetworkAsync("moving2");
        await SleeperAsync("mover", "--network", "moving1");
        await SleeperAsync("watcher", "--network", "moving2");
        Assert.Empty(await ResolveAsync("watcher", "mover"));

        await DockerAsync("network", "connect", "--alias", "guest", "moving2", "mover");
        Assert.Equal([await AddressAsync("mover", "moving2")], await ResolveAsync("watcher", "mover"));
        Assert.NotEmpty(await ResolveAsync("watcher", "guest"));

        await DockerAsync("rename", "mover", "moved");
        Assert.Empty(await ResolveAsync("watcher", "mover"));
        Assert.NotEmpty(await ResolveAsync("watcher", "moved"));

        await DockerAsync("stop", "-t", "0", "moved");
        Assert.Empty(await ResolveAsync("watcher", "guest"));
        await DockerAsync("start", "moved");
        Assert.Equal([await AddressAsync("moved", "moving2")], await ResolveAsync("watcher", "guest"));

        await DockerAsync("network", "disconnect", "moving2", "moved");
        Assert.Empty(await ResolveAsync("watcher", "moved"));
        await RemoveAsync("moved", "watcher");
    }

    [Fact]
    public async Task Names_OfSeveralContainers_AreAllAnsweredInTurn()
    {
        await using var network = await NetworkAsync("turns");
        await SleeperAsync("turn1", "--network", "turns", "--network-alias", "all");
        await SleeperAsync("turn2", "--network", "turns", "--network-alias", "all");

        var first = await ResolveAsync("turn1", "all");
        var second = await ResolveAsync("turn1", "all");

        Assert.Equal(2, first.Distinct().Count());
        Assert.Equal(first.Order(StringComparer.Ordinal), second.Order(StringComparer.Ordinal));
        await RemoveAsync("turn1", "turn2");
    }

    [Fact]
    public async Task Names_OnIPv6Alone_AreResolved()
    {
        await using var network = await NetworkAsync("six", "--ipv6", "--ipv4=false", "--subnet", "fd00:7e57:6::/64");
        await SleeperAsync("six1", "--network", "six");
        await SleeperAsync("six2", "--network", "six");

        Assert.Equal(["fd00:7e57:6::2"], await ResolveAsync("six2", "six1"));
        Assert.Equal("nameserver 127.0.0.11", (await LinesAsync("six2", "/etc/resolv.conf"))[0]);
        await RemoveAsync("six1", "six2");
    }

    [Fact]
    public async Task InternalNetwork_ResolvesItsOwnAndForwardsNothing()
    {
        await using var network = await NetworkAsync("inside", "--internal");
        await SleeperAsync("inside1", "--network", "inside");

        Assert.NotEmpty(await ResolveAsync("inside1", "inside1"));
        Assert.Contains("SERVFAIL", (await Daemon.Docker("exec", "inside1", "nslookup", "example.org").RunAsync()).Output, StringComparison.Ordinal);
        await RemoveAsync("inside1");
    }

    [Fact]
    public async Task Link_OnAUserDefinedNetwork_IsAnAliasForOneAlone()
    {
        await using var network = await NetworkAsync("linked");
        await SleeperAsync("target", "--network", "linked");
        await SleeperAsync("linker", "--network", "linked", "--link", "target:store");

        Assert.Equal([await AddressAsync("target", "linked")], await ResolveAsync("linker", "store"));
        Assert.Empty(await ResolveAsync("target", "store"));
        await RemoveAsync("target", "linker");
    }

    [Fact]
    public async Task Link_OnTheDefaultNetwork_IsToldByFilesAndVariables()
    {
        await SleeperAsync("db", "--expose", "6379", "-e", "SECRET=no");
        await SleeperAsync("app", "--link", "db:store-1");
        var address = (await AddressAsync("db", "bridge"))!;

        Assert.Contains(await LinesAsync("app", "/etc/hosts"), line => line.StartsWith($"{address}\tstore-1 ", StringComparison.Ordinal) && line.EndsWith(" db", StringComparison.Ordinal));
        var variables = (await DockerAsync("exec", "app", "cat", "/proc/1/environ")).Split('\0');
        Assert.Contains($"STORE_1_PORT_6379_TCP_ADDR={address}", variables);
        Assert.Contains($"STORE_1_PORT=tcp://{address}:6379", variables);
        Assert.Contains("STORE_1_NAME=/app/store-1", variables);
        Assert.Contains("STORE_1_ENV_SECRET=no", variables);

        await DockerAsync("stop", "-t", "0", "db");
        await SleeperAsync("squatter"); // takes its address
        await DockerAsync("start", "db");
        address = await AddressAsync("db", "bridge");
        Assert.Contains(await LinesAsync("app", "/etc/hosts"), line => line.StartsWith($"{address}\tstore-1 ", StringComparison.Ordinal));
        await DockerAsync("stop", "-t", "0", "db");
        Assert.Contains("Cannot link to a non running container", (await Daemon.Docker("restart", "-t", "0", "app").RunAsync()).Error, StringComparison.Ordinal);
        Assert.Contains("could not get container for nosuch", (await Daemon.Docker("create", "--link", "nosuch", "busybox").RunAsync()).Error, StringComparison.Ordinal);
        await RemoveAsync("db", "app", "squatter");
    }

    [Fact]
    public async Task Files_SayWhatTheOptionsSay()
    {
        await using var network = await NetworkAsync("options");
        var id = await SleeperAsync("opted", "--network", "options", "--dns", "192.0.2.53", "--dns-search", "corp.example", "--dns-option", "ndots:2",
            "--hostname", "h1", "--domainname", "d.example", "--add-host", "fixed:192.0.2.9", "--add-host", "gate:host-gateway");

        Assert.Equal(["nameserver 127.0.0.11", "search corp.example", "options ndots:2"], await LinesAsync("opted", "/etc/resolv.conf"));
        var hosts = await LinesAsync("opted", "/etc/hosts");
        Assert.Contains("192.0.2.9\tfixed", hosts);
        Assert.Contains(hosts, line => line.EndsWith("\tgate", StringComparison.Ordinal));
        Assert.Contains($"{await AddressAsync("opted", "options")}\th1.d.example h1", hosts);
        Assert.Equal(["h1"], await LinesAsync("opted", "/etc/hostname"));
        Assert.Contains("ExtServers: [192.0.2.53]", await DockerAsync("exec", "opted", "cat", "/etc/resolv.conf"), StringComparison.Ordinal);

        await SleeperAsync("plain", "--dns", "192.0.2.53", "--dns-search", ".");
        Assert.Equal("nameserver 192.0.2.53", (await LinesAsync("plain", "/etc/resolv.conf"))[0]);
        Assert.DoesNotContain(await LinesAsync("plain", "/etc/resolv.conf"), line => line.StartsWith("search", StringComparison.Ordinal));
        Assert.Equal([(await DockerAsync("inspect", "-f", "{{.Config.Hostname}}", "plain"))], await LinesAsync("plain", "/etc/hostname"));
        await RemoveAsync("opted", "plain");
        Assert.NotEmpty(id);
    }

    [Fact]
    public async Task Files_FollowALiveConnectAndKeepWhatTheContainerWrote()
    {
        await using var network = await NetworkAsync("later");
        await SleeperAsync("quiet");
        await SleeperAsync("editor");
        await DockerAsync("exec", "editor", "sh", "-c", "echo 192.0.2.77 mine >> /etc/hosts; echo nameserver 192.0.2.1 > /etc/resolv.conf");

        await DockerAsync("network", "connect", "later", "quiet");
        await DockerAsync("network", "connect", "later", "editor");

        Assert.Equal("nameserver 127.0.0.11", (await LinesAsync("quiet", "/etc/resolv.conf"))[0]);
        Assert.Equal(["nameserver 192.0.2.1"], await LinesAsync("editor", "/etc/resolv.conf"));
        var address = await AddressAsync("editor", "later");
        Assert.Contains(await LinesAsync("editor", "/etc/hosts"), line => line.StartsWith($"{address}\t", StringComparison.Ordinal));
        Assert.Contains("192.0.2.77 mine", await LinesAsync("editor", "/etc/hosts"));

        await DockerAsync("network", "disconnect", "later", "editor");
        Assert.DoesNotContain(await LinesAsync("editor", "/etc/hosts"), line => line.StartsWith($"{address}\t", StringComparison.Ordinal));
        Assert.Contains("192.0.2.77 mine", await LinesAsync("editor", "/etc/hosts"));

        await DockerAsync("restart", "-t", "0", "editor");
        Assert.DoesNotContain("192.0.2.77 mine", await LinesAsync("editor", "/etc/hosts"));
        await RemoveAsync("quiet", "editor");
    }

    [Fact]
    public async Task DaemonThatDies_AnswersAgainWhenItIsBack()
    {
        await using var network = await NetworkAsync("lasting");
        await SleeperAsync("lasting1", "--network", "lasting");
        await SleeperAsync("lasting2", "--network", "lasting");
        var address = await AddressAsync("lasting1", "lasting");

        await Daemon.KillAsync();
        await Daemon.LaunchAsync();

        Assert.Equal([address], await ResolveAsync("lasting2", "lasting1")); // at once: before the API answers
        await RemoveAsync("lasting1", "lasting2");
    }

    /// <summary>The whole of it is bench/names.py; BERTH_NAME_CYCLES=1000 makes this as long.</summary>
    [Fact]
    public async Task Services_TalkByNameWhileOneComesAndGoes_AndNothingIsLeft()
    {
        var cycles = int.Parse(Environment.GetEnvironmentVariable("BERTH_NAME_CYCLES") ?? "50", CultureInfo.InvariantCulture);
        var python = Host.Find("python3");
        Assert.SkipUnless(python is not null, "needs python3");

        var result = await new Command(python!, Path.Combine(Host.Repository, "bench", "names.py"), Daemon.Socket, "--cycles", $"{cycles}", "--endpoints", "6").RunAsync();

        Assert.True(result.ExitCode == 0, $"{result.Output}\n{result.Error}\n{Daemon.Log}");
    }

    private async Task<IAsyncDisposable> NetworkAsync(string name, params string[] options)
    {
        await DockerAsync(["network", "create", .. options, name]);
        return new Removal(() => DockerAsync("network", "rm", name));
    }

    private Task<string> SleeperAsync(string name, params string[] options)
        => DockerAsync(["run", "-d", "--name", name, "--stop-signal", "KILL", .. options, "busybox", "sleep", "1000"]);

    private Task<string> RemoveAsync(params string[] names) => DockerAsync(["rm", "-f", .. names]);

    private Task<string> AddressAsync(string container, string network)
        => DockerAsync("inspect", "-f", $$$"""{{(index .NetworkSettings.Networks "{{{network}}}").IPAddress}}""", container);

    private async Task<string[]> LinesAsync(string container, string file)
        => [.. (await DockerAsync("exec", container, "cat", file)).Split('\n').Where(line => line.Length > 0 && line[0] != '#')];

    /// <summary>What nslookup finds; nothing when it finds none.</summary>
    private async Task<string[]> ResolveAsync(string container, string name)
    {
        var output = (await Daemon.Docker("exec", container, "nslookup", name).RunAsync()).Output;
        return [.. output.Split('\n').Where(line => line.StartsWith("Address: ", StringComparison.Ordinal)).Select(line => line["Address: ".Length..].Trim())];
    }

    private sealed class Removal(Func<Task> remove) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await remove();
    }
}
