using Berth.Kit;

namespace Berth.Api.Tests.BerthCli;

/// <summary>What berth prints of one daemon is what docker prints of it, to the byte.</summary>
public sealed class SameListsTests(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    public static TheoryData<string> Commands => new()
    {
        "network ls",
        "network ls -q",
        "network ls --filter driver=bridge --format {{.Name}}|{{.Driver}}|{{.Scope}}|{{.Internal}}|{{.IPv6}}",
        "network inspect same-net",
        "volume ls",
        "volume ls --filter label=of=same --format json",
        "volume inspect same-volume",
        "ps -a --no-trunc --filter name=same --format {{.ID}}|{{.Names}}|{{.Image}}|{{.Command}}|{{.Mounts}}",
        "images --no-trunc",
        "port same-container",
        "diff same-container",
        "inspect same-container",
    };

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Lists_AreDockers(string command)
    {
        Assert.SkipUnless(Host.Find("docker") is not null, "needs the docker CLI");
        if ((await fixture.Daemon.Docker("network", "inspect", "same-net").RunAsync()).ExitCode != 0)
        {
            await DockerAsync("network", "create", "--label", "of=same", "--subnet", "10.99.77.0/24", "same-net");
            await DockerAsync("volume", "create", "--label", "of=same", "same-volume");
            await DockerAsync("create", "--name", "same-container", "--network", "same-net", "-v", "same-volume:/v", "-p", "80", "busybox", "sleep", "600");
        }

        var docker = await DockerAsync(command.Split(' '));
        var berth = (await fixture.Daemon.Berth(command.Split(' ')).RunAsync()).Expect(0).Text;

        Assert.Equal(docker, berth);
    }

    private async Task<string> DockerAsync(params string[] arguments) => (await fixture.Daemon.Docker(arguments).RunAsync()).Expect(0).Text;
}
