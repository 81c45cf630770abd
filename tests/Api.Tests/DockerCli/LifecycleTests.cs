using System.Globalization;
using System.Text.Json;

namespace Berth.Api.Tests.DockerCli;

public sealed class LifecycleTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    private const string Loop = "trap 'exit 3' TERM; n=0; while true; do n=$((n+1)); echo line $n; sleep 0.1; done";

    [Fact]
    public async Task Stop_WhenProgramHandlesTerm_GivesItsExitCode()
    {
        await DockerAsync("run", "-d", "--name", "stopped", "busybox", "sh", "-c", Loop);
        await Kit.Host.EventuallyAsync(async () => (await DockerAsync("logs", "stopped")).Length > 0, "it writes");

        await DockerAsync("stop", "stopped");

        Assert.Equal("exited 3", await DockerAsync("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "stopped"));
        Assert.Contains("Exited (3)", await DockerAsync("ps", "-a", "--filter", "name=stopped", "--format", "{{.Status}}"), StringComparison.Ordinal);
        await DockerAsync("rm", "stopped");
    }

    [Fact]
    public async Task Stop_WhenProgramIgnoresTerm_KillsAfterTheTimeout()
    {
        await DockerAsync("run", "-d", "--name", "stubborn", "busybox", "sh", "-c", "trap '' TERM; while true; do sleep 0.1; done");

        await DockerAsync("stop", "-t", "1", "stubborn");

        Assert.Equal("137", await DockerAsync("inspect", "-f", "{{.State.ExitCode}}", "stubborn"));
        await DockerAsync("rm", "stubborn");
    }

    [Fact]
    public async Task Kill_WithSignal_DeliversIt()
    {
        await DockerAsync("run", "-d", "--name", "killed", "busybox", "sh", "-c", "trap 'echo usr; exit 9' USR1; echo ready; while true; do sleep 0.1; done");
        await Kit.Host.EventuallyAsync(async () => await DockerAsync("logs", "killed") == "ready", "it is ready");

        await DockerAsync("kill", "-s", "USR1", "killed");

        Assert.Equal("9", await DockerAsync("wait", "killed"));
        Assert.Equal("ready\nusr", await DockerAsync("logs", "killed"));
        await DockerAsync("rm", "killed");
    }

    [Fact]
    public async Task Restart_RunsAgainWithTheSameFiles()
    {
        await DockerAsync("run", "-d", "--name", "again", "busybox", "sh", "-c", "echo start >> /count; sleep 600");
        await Kit.Host.EventuallyAsync(async () => (await Daemon.Docker("exec", "again", "cat", "/count").RunAsync()).Output == "start\n", "it runs");

        await DockerAsync("restart", "-t", "0", "again");

        await Kit.Host.EventuallyAsync(async () => (await Daemon.Docker("exec", "again", "cat", "/count").RunAsync()).Output == "start\nstart\n", "it runs again");
        await DockerAsync("rm", "-f", "again");
    }

    [Fact]
    public async Task Exec_WithPipedInput_CarriesIt()
    {
        await DockerAsync("run", "-d", "--name", "execs", "busybox", "sleep", "600");

        var result = (await Daemon.Docker("exec", "-i", "-e", "A=b", "-w", "/tmp", "execs", "sh", "-c", "pwd; echo $A; cat; exit 5").Input("piped\n").RunAsync()).Expect(5);

        Assert.Equal("/tmp\nb\npiped\n", result.Output);
        await DockerAsync("rm", "-f", "execs");
    }

    [Fact]
    public async Task Exec_InTerminal_HasOne()
    {
        await DockerAsync("run", "-d", "--name", "exectty", "busybox", "sleep", "600");
        await using var terminal = Terminal(30, 90, "exec", "-it", "exectty", "sh");
        await terminal.SeeAsync("/ #");

        terminal.Type("stty size; tty\r");
        await terminal.SeeAsync("30 90");
        await terminal.SeeAsync("/dev/pts/");
        terminal.Type("exit\r");

        Assert.Equal(0, await terminal.ExitAsync());
        await DockerAsync("rm", "-f", "exectty");
    }

    [Fact]
    public async Task Exec_WhenStopped_Conflicts()
    {
        await DockerAsync("create", "--name", "idle", "busybox", "true");

        var result = (await Daemon.Docker("exec", "idle", "true").RunAsync()).Expect(1);

        Assert.Contains("is not running", result.Error, StringComparison.Ordinal);
        await DockerAsync("rm", "idle");
    }

    [Fact]
    public async Task Logs_WithTailTimestampsAndFollow_ShowWhatIsAsked()
    {
        await DockerAsync("run", "--name", "logged", "busybox", "sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done; echo bad >&2");

        Assert.Equal("line 5", await DockerAsync("logs", "--tail", "2", "logged"));
        var stamped = (await Daemon.Docker("logs", "-t", "--tail", "1", "logged").RunAsync()).Expect(0).Error;
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z bad\n$", stamped);
        Assert.Equal("", await DockerAsync("logs", "--since", DateTimeOffset.FromUnixTimeSeconds(4_000_000_000).ToString("O", CultureInfo.InvariantCulture), "logged"));
        await DockerAsync("rm", "logged");
    }

    [Fact]
    public async Task Logs_WithFollow_EndWhenTheContainerDoes()
    {
        await DockerAsync("run", "-d", "--name", "followed", "busybox", "sh", "-c", "for i in 1 2 3 4 5; do echo line $i; sleep 0.2; done");

        var output = await DockerAsync("logs", "-f", "followed");

        Assert.Equal("line 1\nline 2\nline 3\nline 4\nline 5", output);
        await DockerAsync("rm", "followed");
    }

    [Fact]
    public async Task Pause_FreezesUntilUnpause()
    {
        await DockerAsync("run", "-d", "--name", "frozen", "busybox", "sh", "-c", Loop);

        await DockerAsync("pause", "frozen");
        Assert.Equal("paused", await DockerAsync("inspect", "-f", "{{.State.Status}}", "frozen"));
        var before = await DockerAsync("logs", "frozen");
        await Task.Delay(500);
        Assert.Equal(before, await DockerAsync("logs", "frozen"));
        await DockerAsync("unpause", "frozen");

        await Kit.Host.EventuallyAsync(async () => (await DockerAsync("logs", "frozen")).Length > before.Length, "it goes on");
        await DockerAsync("rm", "-f", "frozen");
    }

    [Fact]
    public async Task Ps_WithFilterAndFormat_ShowsWhatIsAsked()
    {
        await DockerAsync("create", "--name", "listed", "--label", "tier=db", "busybox", "sleep", "1");

        Assert.Equal("listed|busybox|\"sleep 1\"|Created|db", await DockerAsync("ps", "-a", "--filter", "label=tier=db", "--format", "{{.Names}}|{{.Image}}|{{.Command}}|{{.Status}}|{{.Label \"tier\"}}"));
        Assert.Equal("", await DockerAsync("ps", "--filter", "label=tier=db", "--format", "{{.Names}}"));
        await DockerAsync("rm", "listed");
    }

    [Fact]
    public async Task Rename_MovesTheName()
    {
        await DockerAsync("create", "--name", "before", "busybox", "true");

        await DockerAsync("rename", "before", "after");

        Assert.Equal("/after", await DockerAsync("inspect", "-f", "{{.Name}}", "after"));
        await DockerAsync("rm", "after");
    }

    [Fact]
    public async Task Top_ListsTheProcesses()
    {
        await DockerAsync("run", "-d", "--name", "topped", "busybox", "sleep", "654");

        Assert.Contains("sleep 654", await DockerAsync("top", "topped"), StringComparison.Ordinal);
        await DockerAsync("rm", "-f", "topped");
    }

    [Fact]
    public async Task Stats_WithoutStream_GiveOneSample()
    {
        await DockerAsync("run", "-d", "--name", "measured", "-m", "64m", "busybox", "sleep", "600");

        var line = await DockerAsync("stats", "--no-stream", "--format", "{{json .}}", "measured");

        var stats = JsonDocument.Parse(line).RootElement;
        Assert.EndsWith("/ 64MiB", stats.GetProperty("MemUsage").GetString(), StringComparison.Ordinal);
        Assert.Equal("1", stats.GetProperty("PIDs").GetString());
        await DockerAsync("rm", "-f", "measured");
    }

    [Fact]
    public async Task Events_TellTheLifeOfAContainer()
    {
        var since = DateTimeOffset.FromUnixTimeSeconds(0).ToUnixTimeSeconds();
        await DockerAsync("run", "--rm", "--name", "told", "busybox", "true");

        var events = "";
        await Kit.Host.EventuallyAsync(
            async () => (events = await DockerAsync("events", "--since", $"{since}", "--until", "0s", "--filter", "container=told", "--format", "{{.Action}}")).Contains("destroy", StringComparison.Ordinal),
            "the last event is there");

        Assert.Equal(["create", "attach", "start", "die", "destroy"], events.Split('\n').Where(e => e is "create" or "attach" or "start" or "die" or "destroy"));
    }

    [Fact]
    public async Task Restart_OnFailure_TriesAsOftenAsToldTo()
    {
        await DockerAsync("run", "-d", "--name", "failing", "--restart", "on-failure:2", "busybox", "sh", "-c", "echo try; exit 1");

        await Kit.Host.EventuallyAsync(async () => await DockerAsync("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", "failing") == "exited 2", "it has given up");

        Assert.Equal("try\ntry\ntry", await DockerAsync("logs", "failing"));
        await DockerAsync("rm", "failing");
    }

    [Fact]
    public async Task Remove_WhenRunning_ConflictsUnlessForced()
    {
        await DockerAsync("run", "-d", "--name", "busy", "busybox", "sleep", "600");

        var result = (await Daemon.Docker("rm", "busy").RunAsync()).Expect(1);

        Assert.Contains("container is running", result.Error, StringComparison.Ordinal);
        await DockerAsync("rm", "-f", "busy");
    }

    [Fact]
    public async Task Attach_SeesOutputAndGivesTheExitStatus()
    {
        await DockerAsync("create", "-i", "--name", "attached", "busybox", "sh", "-c", "read line; echo got $line; exit 4");
        await DockerAsync("start", "attached");

        var result = (await Daemon.Docker("attach", "attached").Input("word\n").RunAsync()).Expect(4);

        Assert.Equal("got word\n", result.Output);
        await DockerAsync("rm", "attached");
    }
}
