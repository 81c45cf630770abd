using System.Text.Json;
using Berth.Api.Tests.DockerCli;
using Berth.Kit;

namespace Berth.Api.Tests.Health;

/// <summary>Health checks as users of the docker CLI see them.</summary>
public sealed class HealthTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    private async Task<JsonElement> InspectAsync(string name)
        => JsonDocument.Parse(await DockerAsync("inspect", "-f", "{{json .State.Health}}", name)).RootElement;

    private async Task<JsonElement> UntilAsync(string name, string status)
    {
        JsonElement health = default;
        await Host.EventuallyAsync(
            async () => (health = (await Daemon.GetAsync($"/containers/{name}/json")).GetProperty("State").GetProperty("Health")).GetProperty("Status").GetString() == status,
            $"{name} is {status}");
        return health;
    }

    private Task<string> StartAsync(string name, string check, params string[] options)
        => DockerAsync(["run", "-d", "--name", name, "--health-interval", "100ms", "--health-cmd", check, .. options, "busybox", "sleep", "600"]);

    private Task<string> RemoveAsync(string name) => DockerAsync("rm", "-f", name);

    [Fact]
    public async Task Check_ThatSucceeds_MakesTheContainerHealthy()
    {
        await StartAsync("well", "echo fine >&2; id -un", "--user", "root", "-e", "A=b");

        var health = await UntilAsync("well", "healthy");

        Assert.Equal(0, health.GetProperty("FailingStreak").GetInt32());
        var last = health.GetProperty("Log").EnumerateArray().Last();
        Assert.Equal(0, last.GetProperty("ExitCode").GetInt32());
        Assert.Equal(["fine", "root"], last.GetProperty("Output").GetString()!.Trim().Split('\n').Order()); // two pipes: either may be read first
        Assert.True(last.GetProperty("End").GetDateTimeOffset() >= last.GetProperty("Start").GetDateTimeOffset());
        Assert.Contains("(healthy)", await DockerAsync("ps", "--filter", "name=well", "--format", "{{.Status}}"), StringComparison.Ordinal);
        Assert.Equal("well", await DockerAsync("ps", "--filter", "health=healthy", "--filter", "name=well", "--format", "{{.Names}}"));
        Assert.Equal("", await DockerAsync("ps", "--filter", "health=unhealthy", "--filter", "name=well", "--format", "{{.Names}}"));
        Assert.Equal("null", await DockerAsync("inspect", "-f", "{{json .ExecIDs}}", "well"));
        await Host.EventuallyAsync(async () => (await EventsAsync("well", "{{.Action}}")).Contains("health_status: healthy"), "the event is there");
        const string command = "/bin/sh -c echo fine >&2; id -un";
        Assert.Equal(
            [$"exec_create: {command}", $"exec_start: {command}", "exec_die", "health_status: healthy"],
            (await EventsAsync("well", "{{.Action}}")).Where(action => action.StartsWith("exec_", StringComparison.Ordinal) || action.StartsWith("health", StringComparison.Ordinal)).Take(4));
        await RemoveAsync("well");
    }

    [Fact]
    public async Task Check_ThatFails_MakesTheContainerUnhealthyAndWellAgain()
    {
        await StartAsync("ill", "test -e /well || { echo ill; exit 3; }", "--health-retries", "2");

        var health = await UntilAsync("ill", "unhealthy");

        Assert.True(health.GetProperty("FailingStreak").GetInt32() >= 2);
        var last = health.GetProperty("Log").EnumerateArray().Last();
        Assert.Equal((3, "ill\n"), (last.GetProperty("ExitCode").GetInt32(), last.GetProperty("Output").GetString()));
        Assert.Contains("(unhealthy)", await DockerAsync("ps", "--filter", "name=ill", "--format", "{{.Status}}"), StringComparison.Ordinal);
        await DockerAsync("exec", "ill", "touch", "/well");
        Assert.Equal(0, (await UntilAsync("ill", "healthy")).GetProperty("FailingStreak").GetInt32());
        await Host.EventuallyAsync(
            async () => (await EventsAsync("ill", "{{.Action}}")).Where(action => action.StartsWith("health", StringComparison.Ordinal)).SequenceEqual(["health_status: unhealthy", "health_status: healthy"]),
            "each change is told once");
        await RemoveAsync("ill");
    }

    [Fact]
    public async Task Check_ThatHangs_IsKilledWithItsChildrenAndCounted()
    {
        await StartAsync("hung", "echo before; sleep 777 & sleep 778", "--health-timeout", "200ms", "--health-retries", "1");

        var last = (await UntilAsync("hung", "unhealthy")).GetProperty("Log").EnumerateArray().Last();

        Assert.Equal(-1, last.GetProperty("ExitCode").GetInt32());
        Assert.Equal("Health check exceeded timeout (200ms): before\n", last.GetProperty("Output").GetString());
        await Host.EventuallyAsync(
            async () => (await InspectAsync("hung")).GetProperty("FailingStreak").GetInt32() >= 4, "some more have hung");
        var left = (await DockerAsync("top", "hung")).Split('\n').Count(line => line.Contains("sleep 77", StringComparison.Ordinal));
        Assert.True(left <= 2, $"{left} processes of checks are there, of one check at most");
        await RemoveAsync("hung");
    }

    [Fact]
    public async Task Check_OfAProgramThatIsNotThere_FailsAndSaysWhy()
    {
        var body = """{"Image":"busybox","Cmd":["sleep","600"],"Healthcheck":{"Test":["CMD","/no/such"],"Interval":50000000,"Retries":1}}""";
        Assert.Equal(201, (await Daemon.PostAsync("/containers/create?name=nocheck", body)).Status);
        await DockerAsync("start", "nocheck");

        var last = (await UntilAsync("nocheck", "unhealthy")).GetProperty("Log").EnumerateArray().Last();

        Assert.Equal(-1, last.GetProperty("ExitCode").GetInt32());
        Assert.Contains("/no/such", last.GetProperty("Output").GetString(), StringComparison.Ordinal);
        await RemoveAsync("nocheck");
    }

    [Fact]
    public async Task Check_ThatWritesMuch_KeepsFourKibibytesAndFiveEntries()
    {
        await StartAsync("loud", "yes | head -c 100000");

        await Host.EventuallyAsync(async () => (await InspectAsync("loud")).GetProperty("Log").GetArrayLength() == 5, "five are kept");

        var first = (await InspectAsync("loud")).GetProperty("Log")[0].GetProperty("Start").GetString();
        await Host.EventuallyAsync(async () => (await InspectAsync("loud")).GetProperty("Log")[0].GetProperty("Start").GetString() != first, "the oldest goes");
        var health = await InspectAsync("loud");
        Assert.Equal(5, health.GetProperty("Log").GetArrayLength());
        Assert.All(health.GetProperty("Log").EnumerateArray(), entry => Assert.Equal(4096 + 3, entry.GetProperty("Output").GetString()!.Length));
        await RemoveAsync("loud");
    }

    [Fact]
    public async Task Check_InTheStartPeriod_DoesNotCountFailures()
    {
        await StartAsync("slow", "false", "--health-start-period", "1h", "--health-start-interval", "50ms", "--health-interval", "1h", "--health-retries", "1");

        await Host.EventuallyAsync(async () => (await InspectAsync("slow")).GetProperty("Log").GetArrayLength() >= 3, "checked at the start interval");

        var health = await InspectAsync("slow");
        Assert.Equal(("starting", 0), (health.GetProperty("Status").GetString(), health.GetProperty("FailingStreak").GetInt32()));
        Assert.Contains("(health: starting)", await DockerAsync("ps", "--filter", "name=slow", "--format", "{{.Status}}"), StringComparison.Ordinal);
        await RemoveAsync("slow");
    }

    [Fact]
    public async Task Check_WhilePaused_IsNotMade()
    {
        await StartAsync("frozen", "true");
        await UntilAsync("frozen", "healthy");

        await DockerAsync("pause", "frozen");
        var before = (await InspectAsync("frozen")).GetRawText();
        await Task.Delay(400); // four intervals
        Assert.Equal(before, (await InspectAsync("frozen")).GetRawText());
        await DockerAsync("unpause", "frozen");

        await Host.EventuallyAsync(async () => (await InspectAsync("frozen")).GetRawText() != before, "checked again");
        Assert.Equal("healthy", (await InspectAsync("frozen")).GetProperty("Status").GetString());
        await RemoveAsync("frozen");
    }

    [Fact]
    public async Task Check_OfAContainerThatEnded_IsUnhealthyUntilItStartsAgain()
    {
        await StartAsync("ended", "true");
        await UntilAsync("ended", "healthy");

        await DockerAsync("stop", "-t", "0", "ended");
        Assert.Equal("unhealthy", (await InspectAsync("ended")).GetProperty("Status").GetString());
        Assert.DoesNotContain("healthy", await DockerAsync("ps", "-a", "--filter", "name=ended", "--format", "{{.Status}}"), StringComparison.Ordinal);
        await DockerAsync("start", "ended");

        await UntilAsync("ended", "healthy");
        await RemoveAsync("ended");
    }

    [Fact]
    public async Task Check_OfTheImage_IsRunUnlessTheUserSaysOtherwise()
    {
        await ImportCheckedImageAsync();

        await DockerAsync("run", "-d", "--name", "asimage", "checked", "/bin/busybox", "sleep", "600");
        await DockerAsync("run", "-d", "--name", "slower", "--health-interval", "1h", "checked", "/bin/busybox", "sleep", "600");

        Assert.Equal("of the image\n", (await UntilAsync("asimage", "healthy")).GetProperty("Log")[0].GetProperty("Output").GetString());
        Assert.Equal("starting", (await InspectAsync("slower")).GetProperty("Status").GetString());
        Assert.Equal("1h0m0s [CMD /bin/busybox echo of the image]", await DockerAsync("inspect", "-f", "{{.Config.Healthcheck.Interval}} {{.Config.Healthcheck.Test}}", "slower"));
        await RemoveAsync("asimage");
        await RemoveAsync("slower");
    }

    private async Task ImportCheckedImageAsync()
    {
        Assert.SkipUnless(File.Exists("/bin/busybox"), "needs busybox-static");
        (await new Command("sh", "-c",
            $"tar -C / -cf - bin/busybox | DOCKER_HOST=unix://{Daemon.Socket} docker import --change 'HEALTHCHECK --interval=100ms CMD [\"/bin/busybox\",\"echo\",\"of the image\"]' - checked")
            .RunAsync()).Expect(0);
    }

    [Fact]
    public async Task NoHealthcheck_HasNone()
    {
        await ImportCheckedImageAsync();
        await DockerAsync("run", "-d", "--name", "unasked", "--no-healthcheck", "checked", "/bin/busybox", "sleep", "600");

        Assert.Equal("null", await DockerAsync("inspect", "-f", "{{json .State.Health}}", "unasked"));
        Assert.Equal("unasked", await DockerAsync("ps", "--filter", "health=none", "--filter", "name=unasked", "--format", "{{.Names}}"));
        await RemoveAsync("unasked");
    }

    [Fact]
    public async Task DaemonThatIsKilledAndStartedAgain_GoesOnWhereItWas()
    {
        await StartAsync("kept", "test -e /well || { sleep 0.1; exit 1; }", "--health-retries", "1000");
        await StartAsync("hangs", "sleep 779", "--health-timeout", "1h");
        await Host.EventuallyAsync(async () => (await InspectAsync("kept")).GetProperty("FailingStreak").GetInt32() >= 3, "it has failed some times");
        await Host.EventuallyAsync(async () => (await DockerAsync("top", "hangs")).Contains("sleep 779", StringComparison.Ordinal), "a check hangs");
        var before = (await InspectAsync("kept")).GetProperty("FailingStreak").GetInt32();

        await Daemon.KillAsync();
        await Daemon.LaunchAsync();

        var after = (await InspectAsync("kept")).GetProperty("FailingStreak").GetInt32();
        Assert.True(after >= before, $"the streak is {after}, and was {before}");
        await Host.EventuallyAsync(
            async () => (await InspectAsync("kept")).GetProperty("FailingStreak").GetInt32() > after, "checked again", TimeSpan.FromSeconds(2));
        await DockerAsync("exec", "kept", "touch", "/well");
        await UntilAsync("kept", "healthy");
        await Host.EventuallyAsync(
            async () => (await DockerAsync("top", "hangs")).Split('\n').Count(line => line.Contains("sleep 779", StringComparison.Ordinal)) <= 1,
            "the check that the killed daemon left is ended");
        await RemoveAsync("kept");
        await RemoveAsync("hangs");
    }
}
