using System.Globalization;
using Berth.Api.Tests.DockerCli;
using Berth.Kit;

namespace Berth.Api.Tests.Lifecycle;

/// <summary>Restart policies as users of the docker CLI see them.</summary>
public sealed class RestartPolicyTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    private Task<string> StateAsync(string name) => DockerAsync("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", name);

    private async Task UntilAsync(string name, Func<string, bool> state, string what)
        => await Host.EventuallyAsync(async () => state(await StateAsync(name)), what);

    private async Task<int> RestartsAsync(string name) => int.Parse(await DockerAsync("inspect", "-f", "{{.RestartCount}}", name), CultureInfo.InvariantCulture);

    /// <summary>A container that ends at once, until its pause is longer than any of the steps that follow.</summary>
    private async Task BackOffAsync(string name, string policy = "always")
    {
        await DockerAsync("run", "-d", "--name", name, "--restart", policy, "busybox", "sh", "-c", "exit 3");
        await UntilAsync(name, state => state.StartsWith("restarting", StringComparison.Ordinal) && state[^1] >= '4', "it waits for its fourth restart");
    }

    [Fact]
    public async Task BackOff_IsLongerFromRunToRunAndSaysSo()
    {
        await BackOffAsync("doubling");

        Assert.StartsWith("Restarting (3)", await DockerAsync("ps", "--filter", "name=doubling", "--format", "{{.Status}}"), StringComparison.Ordinal);
        Assert.Equal("doubling", await DockerAsync("ps", "--filter", "status=restarting", "--filter", "name=doubling", "--format", "{{.Names}}"));
        var starts = (await EventsAsync("doubling", "{{.TimeNano}}", "event=start")).Select(line => long.Parse(line, CultureInfo.InvariantCulture) / 1e9).ToArray();
        var pauses = starts.Zip(starts.Skip(1), (first, second) => second - first).Take(4).ToArray();
        Assert.True(pauses[0] >= 0.1 && pauses[1] >= 0.2 && pauses[2] >= 0.4, string.Join(' ', pauses));
        var refused = (await Daemon.Docker("rm", "doubling").RunAsync()).Expect(1);
        Assert.Contains("container is restarting", refused.Error, StringComparison.Ordinal);
        await DockerAsync("rm", "-f", "doubling");
    }

    [Fact]
    public async Task BackOff_StoppedByTheUser_Rests()
    {
        await BackOffAsync("calledoff");

        await DockerAsync("stop", "calledoff");

        Assert.StartsWith("exited", await StateAsync("calledoff"), StringComparison.Ordinal);
        await DockerAsync("rm", "calledoff");
    }

    [Fact]
    public async Task BackOff_KilledByTheUser_Rests()
    {
        await BackOffAsync("shot", "unless-stopped");

        await DockerAsync("kill", "shot");

        Assert.StartsWith("exited", await StateAsync("shot"), StringComparison.Ordinal);
        await DockerAsync("rm", "shot");
    }

    [Fact]
    public async Task BackOff_StartedByTheUser_StartsAtOnceAndCountsAnew()
    {
        await BackOffAsync("hurried");

        await DockerAsync("start", "hurried");

        Assert.True(await RestartsAsync("hurried") <= 2);
        await DockerAsync("rm", "-f", "hurried");
    }

    [Fact]
    public async Task BackOff_WithThePolicyTakenAway_Rests()
    {
        await BackOffAsync("pardoned");

        await DockerAsync("update", "--restart", "no", "pardoned");

        await UntilAsync("pardoned", state => state.StartsWith("exited", StringComparison.Ordinal), "it rests");
        await DockerAsync("rm", "pardoned");
    }

    [Fact]
    public async Task OnFailure_AfterSuccess_Rests()
    {
        await DockerAsync("run", "-d", "--name", "succeeded", "--restart", "on-failure", "busybox", "sh", "-c", "test -e /again || { touch /again; exit 1; }");

        await UntilAsync("succeeded", state => state == "exited 1", "it was restarted once and then succeeded");
        await DockerAsync("rm", "succeeded");
    }

    [Fact]
    public async Task Update_OfThePolicyOfARunningContainer_HoldsForItsEnd()
    {
        await DockerAsync("run", "-d", "--name", "promoted", "busybox", "sh", "-c", "test -e /go && exit 5; touch /go; trap 'exit 4' USR1; while :; do sleep 0.05; done");
        await DockerAsync("update", "--restart", "on-failure:2", "promoted");
        await Host.EventuallyAsync(async () => (await Daemon.Docker("exec", "promoted", "test", "-e", "/go").RunAsync()).ExitCode == 0, "it runs");

        await DockerAsync("kill", "-s", "USR1", "promoted");

        await UntilAsync("promoted", state => state == "exited 2", "it was restarted twice");
        Assert.Equal("on-failure 2", await DockerAsync("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.RestartPolicy.MaximumRetryCount}}", "promoted"));
        await DockerAsync("rm", "promoted");
    }

    [Fact]
    public async Task Wait_OfAContainerThatIsRestarted_EndsWithEachRun()
    {
        await DockerAsync("run", "-d", "--name", "waited", "--restart", "always", "busybox", "sh", "-c", "sleep 0.2; exit 6");

        Assert.Equal("6", await DockerAsync("wait", "waited"));

        Assert.NotEqual("exited", (await StateAsync("waited")).Split(' ')[0]);
        await DockerAsync("rm", "-f", "waited");
    }

    [Fact]
    public async Task Run_WithRmAndAPolicy_IsRefused()
    {
        var refused = (await Daemon.Docker("run", "--rm", "--restart", "always", "busybox", "true").RunAsync()).Expect(125);

        Assert.Contains("conflicting options: cannot specify both --restart and --rm", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task DaemonRestart_StartsWhatShouldRun()
    {
        await DockerAsync("run", "-d", "--name", "r-always", "--restart", "always", "busybox", "sleep", "600");
        await DockerAsync("run", "-d", "--name", "r-unless", "--restart", "unless-stopped", "busybox", "sleep", "600");
        await DockerAsync("run", "-d", "--name", "r-failure", "--restart", "on-failure", "busybox", "sleep", "600");
        await DockerAsync("stop", "-t", "0", "r-always", "r-unless", "r-failure");
        await BackOffAsync("r-waits", "on-failure");

        await Daemon.StopAsync();
        await Daemon.LaunchAsync();

        await UntilAsync("r-always", state => state.StartsWith("running", StringComparison.Ordinal), "always is always");
        await UntilAsync("r-waits", state => !state.StartsWith("exited", StringComparison.Ordinal), "a restart that was due is made");
        Assert.StartsWith("exited", await StateAsync("r-unless"), StringComparison.Ordinal);
        Assert.StartsWith("exited", await StateAsync("r-failure"), StringComparison.Ordinal);
        await DockerAsync("rm", "-f", "r-always", "r-unless", "r-failure", "r-waits");
    }
}
