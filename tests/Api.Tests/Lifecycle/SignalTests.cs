using Berth.Api.Tests.DockerCli;
using Berth.Kit;

namespace Berth.Api.Tests.Lifecycle;

/// <summary>Signals and stopping by the docker CLI.</summary>
public sealed class SignalTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    private async Task StartAsync(string name, int signal, params string[] options)
    {
        await DockerAsync(["run", "-d", "--name", name, .. options, "busybox", "sh", "-c", $"trap 'echo got; exit 7' {signal}; echo ready; while :; do sleep 0.05; done"]);
        await Host.EventuallyAsync(async () => await DockerAsync("logs", name) == "ready", "it is ready");
    }

    [Theory]
    [InlineData("SIGUSR2", 12)]
    [InlineData("usr2", 12)]
    [InlineData("12", 12)]
    [InlineData("RTMIN+3", 37)]
    [InlineData("SIGRTMAX-3", 61)]
    [InlineData("40", 40)]
    public async Task Kill_BySignalNameOrNumber_DeliversIt(string signal, int number)
    {
        var name = $"sig-{signal.Replace('+', '.')}";
        await StartAsync(name, number);

        await DockerAsync("kill", "-s", signal, name);

        Assert.Equal("7", await DockerAsync("wait", name));
        Assert.Equal([$"{number}"], await EventsAsync(name, "{{.Actor.Attributes.signal}}", "event=kill"));
        await DockerAsync("rm", name);
    }

    [Fact]
    public async Task Stop_WithAStopSignalOfItsOwn_SendsThat()
    {
        await StartAsync("ownsignal", 37, "--stop-signal", "RTMIN+3");

        await DockerAsync("stop", "ownsignal");

        Assert.Equal("7", await DockerAsync("inspect", "-f", "{{.State.ExitCode}}", "ownsignal"));
        await DockerAsync("rm", "ownsignal");
    }

    [Fact]
    public async Task Stop_WithAStopTimeoutOfItsOwn_WaitsThatLong()
    {
        await DockerAsync("run", "-d", "--name", "owntime", "--stop-timeout", "1", "busybox", "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done");

        await DockerAsync("stop", "owntime");

        var took = (await EventsAsync("owntime", "{{.TimeNano}}", "event=kill")).Select(long.Parse).ToArray();
        Assert.Equal(2, took.Length);
        Assert.InRange((took[1] - took[0]) / 1e9, 0.95, 5); // an event is stamped when it is told of
        Assert.Equal("137", await DockerAsync("inspect", "-f", "{{.State.ExitCode}}", "owntime"));
        await DockerAsync("rm", "owntime");
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("2147483647")]
    public async Task Stop_WithATimeoutWithoutEnd_NeverKills(string timeout)
    {
        await DockerAsync("run", "-d", "--name", "patient", "--stop-timeout", timeout, "busybox", "sh", "-c", "trap 'sleep 0.5; exit 8' TERM; while :; do sleep 0.05; done");

        await DockerAsync("stop", "patient");

        Assert.Equal("8", await DockerAsync("inspect", "-f", "{{.State.ExitCode}}", "patient"));
        await DockerAsync("rm", "patient");
    }

    [Fact]
    public async Task Kill_OfAPausedContainer_EndsIt()
    {
        await StartAsync("coldkill", 15);
        await DockerAsync("pause", "coldkill");

        await DockerAsync("kill", "coldkill");

        Assert.Equal("exited 137", await DockerAsync("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "coldkill"));
        await DockerAsync("rm", "coldkill");
    }

    [Fact]
    public async Task Stop_OfAPausedContainer_LetsItEndItself()
    {
        await StartAsync("coldstop", 15);
        await DockerAsync("pause", "coldstop");

        await DockerAsync("stop", "coldstop");

        Assert.Equal("exited 7", await DockerAsync("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", "coldstop"));
        await DockerAsync("rm", "coldstop");
    }

    [Fact]
    public async Task Kill_WithOtherSignalOfAContainerWithAPolicy_DoesNotCallThePolicyOff()
    {
        await StartAsync("reborn", 10, "--restart", "always");

        await DockerAsync("kill", "-s", "USR1", "reborn");

        await Host.EventuallyAsync(async () => await DockerAsync("inspect", "-f", "{{.RestartCount}} {{.State.Running}}", "reborn") == "1 true", "it was restarted");
        await DockerAsync("rm", "-f", "reborn");
    }
}
