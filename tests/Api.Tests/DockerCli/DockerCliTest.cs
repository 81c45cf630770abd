using Berth.Kit;

namespace Berth.Api.Tests.DockerCli;

/// <summary>The unmodified docker CLI against Berth's socket.</summary>
public abstract class DockerCliTest(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    protected TestDaemon Daemon
    {
        get
        {
            Assert.SkipUnless(Host.Find("docker") is not null, "needs the docker CLI");
            return fixture.Daemon;
        }
    }

    /// <summary>Runs docker with a line of words and gives its standard output; any other exit status than 0 fails.</summary>
    protected async Task<string> DockerAsync(params string[] arguments) => (await Daemon.Docker(arguments).RunAsync()).Expect(0).Text;

    protected PseudoTerminal Terminal(int rows, int columns, params string[] arguments) => PseudoTerminal.Start(
        rows, columns, new Dictionary<string, string> { ["DOCKER_HOST"] = $"unix://{Daemon.Socket}", ["TERM"] = "xterm" }, ["docker", .. arguments]);
}
