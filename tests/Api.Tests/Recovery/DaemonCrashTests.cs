using System.Globalization;
using System.Text.Json;
using Berth.Kit;

namespace Berth.Api.Tests.Recovery;

public sealed class DaemonCrashTests
{
    private const int Containers = 20;

    [Fact]
    public async Task Kill_UnderTwentyWritingContainers_StopsNoneAndLosesNothing()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null, "needs root and the published programs");
        await using var daemon = await TestDaemon.StartAsync();
        for (var n = 0; n < Containers; n++)
        {
            (await daemon.Berth("run", "-d", "--name", $"w{n}", "busybox", "sh", "-c", $"i=0; while [ ! -e /end ]; do i=$((i+1)); echo $i; sleep 0.02; done; sleep 0.5; echo last $i; exit {n}").RunAsync()).Expect(0);
        }

        (await daemon.Berth("run", "-d", "--name", "brief", "busybox", "sh", "-c", "sleep 1; echo bye; exit 77").RunAsync()).Expect(0);
        var pids = await PidsAsync(daemon);

        await daemon.KillAsync();
        await Task.Delay(1500); // brief ends while nobody watches.
        await daemon.LaunchAsync();

        Assert.Equal(pids, await PidsAsync(daemon));
        Assert.Equal("exited 77", (await daemon.Berth("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "brief").RunAsync()).Expect(0).Text);
        Assert.Equal("bye", (await daemon.Berth("logs", "brief").RunAsync()).Expect(0).Text);

        for (var n = 0; n < Containers; n++)
        {
            await Host.EventuallyAsync(async () => (await daemon.Berth("logs", $"w{n}").RunAsync()).Expect(0).Output.Split('\n').Length > 60, $"w{n} has gone on writing");
        }

        var following = daemon.Berth("logs", "-f", "w3").RunAsync();
        var waiting = daemon.Berth("wait", "w3").RunAsync();
        for (var n = 0; n < Containers; n++)
        {
            (await daemon.Berth("exec", $"w{n}", "touch", "/end").RunAsync()).Expect(0);
        }

        Assert.Equal("3", (await waiting).Expect(0).Text);
        AssertWhole((await following).Expect(0).Output);
        for (var n = 0; n < Containers; n++)
        {
            Assert.Equal($"{n}", (await daemon.Berth("wait", $"w{n}").RunAsync()).Expect(0).Text);
            AssertWhole((await daemon.Berth("logs", $"w{n}").RunAsync()).Expect(0).Output);
        }
    }

    [Fact]
    public async Task Kill_OfASupervisor_ReportsTheContainerExited()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null, "needs root and the published programs");
        await using var daemon = await TestDaemon.StartAsync();
        (await daemon.Berth("run", "-d", "--name", "orphan", "busybox", "sleep", "600").RunAsync()).Expect(0);
        var pid = (await daemon.GetAsync("/containers/orphan/json")).GetProperty("State").GetProperty("Pid").GetInt32();
        var supervisor = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("PPid:", StringComparison.Ordinal)).Split('\t')[1];

        (await new Command("kill", "-KILL", supervisor).RunAsync()).Expect(0);

        JsonElement state = default;
        await Host.EventuallyAsync(async () => (state = (await daemon.GetAsync("/containers/orphan/json")).GetProperty("State")).GetProperty("Status").GetString() == "exited", "the container is reported exited");
        Assert.NotEqual("", state.GetProperty("Error").GetString());
        await Host.EventuallyAsync(() => !Directory.Exists($"/proc/{pid}"), "the container's process is gone");
    }

    [Fact]
    public async Task Stop_OfTheDaemon_LeavesContainersRunning()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null, "needs root and the published programs");
        await using var daemon = await TestDaemon.StartAsync();
        (await daemon.Berth("run", "-d", "--name", "steady", "busybox", "sleep", "600").RunAsync()).Expect(0);
        var pid = (await daemon.GetAsync("/containers/steady/json")).GetProperty("State").GetProperty("Pid").GetInt32();

        Assert.Equal(0, await daemon.StopAsync());

        Assert.True(Directory.Exists($"/proc/{pid}"));
        await daemon.LaunchAsync();
        Assert.Equal(pid, (await daemon.GetAsync("/containers/steady/json")).GetProperty("State").GetProperty("Pid").GetInt32());
    }

    private static async Task<SortedDictionary<string, int>> PidsAsync(TestDaemon daemon)
    {
        SortedDictionary<string, int> pids = [];
        for (var n = 0; n < Containers; n++)
        {
            pids[$"w{n}"] = (await daemon.GetAsync($"/containers/w{n}/json")).GetProperty("State").GetProperty("Pid").GetInt32();
        }

        return pids;
    }

    /// <summary>1, 2, 3, … and "last N" with the N before it: no line lost, none twice.</summary>
    private static void AssertWhole(string output)
    {
        var lines = output.TrimEnd('\n').Split('\n');
        for (var n = 1; n < lines.Length; n++)
        {
            Assert.Equal(n.ToString(CultureInfo.InvariantCulture), lines[n - 1]);
        }

        Assert.Equal($"last {lines.Length - 1}", lines[^1]);
        Assert.True(lines.Length > 50, $"only {lines.Length} lines");
    }
}
