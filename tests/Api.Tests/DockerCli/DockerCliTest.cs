using System.Globalization;
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

    /// <summary>What was told of a container until this moment; a line for each event.</summary>
    /// <param name="filter">More filters.</param>
    protected async Task<string[]> EventsAsync(string container, string format, params string[] filter)
    {
        var now = TimeProvider.System.GetUtcNow(); // in full: of "0s" the command line makes the whole second before
        var until = string.Create(CultureInfo.InvariantCulture, $"{now.ToUnixTimeSeconds()}.{now.Ticks % TimeSpan.TicksPerSecond * 100:D9}");
        var text = await DockerAsync(
            ["events", "--since", "0", "--until", until, "--filter", $"container={container}", "--format", format, .. filter.SelectMany(each => (string[])["--filter", each])]);
        return text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    protected PseudoTerminal Terminal(int rows, int columns, params string[] arguments) => PseudoTerminal.Start(
        rows, columns, new Dictionary<string, string> { ["DOCKER_HOST"] = $"unix://{Daemon.Socket}", ["TERM"] = "xterm" }, ["docker", .. arguments]);
}
