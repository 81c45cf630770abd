using System.Globalization;
using System.Text.Json;
using Berth.Kit;

namespace Berth.Api.Tests.Containers;

/// <summary>SIGKILL of a supervisor and of the daemon: no ghosts.</summary>
public sealed class SupervisorDeathTests(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    private TestDaemon Daemon => fixture.Daemon;

    private async Task<string> RunAsync(string command, string host = "{}")
    {
        var (_, text) = await Daemon.PostAsync(
            "/containers/create", $$"""{"Image":"busybox","Cmd":["sh","-c",{{JsonSerializer.Serialize(command)}}],"HostConfig":{{host}}}""");
        var id = JsonDocument.Parse(text).RootElement.GetProperty("Id").GetString() ?? "";
        var (status, words) = await Daemon.PostAsync($"/containers/{id}/start");
        Assert.True(status == 204, words);
        return id;
    }

    private async Task<JsonElement> StateAsync(string id) => (await Daemon.GetAsync($"/containers/{id}/json")).GetProperty("State");

    [Fact]
    public async Task Supervisor_Killed_ContainerIsExitedWithAReason()
    {
        var id = await RunAsync("sleep 60");
        var pid = (await StateAsync(id)).GetProperty("Pid").GetInt32();
        var supervisor = (await File.ReadAllTextAsync(Path.Combine(Daemon.ExecRoot, "containers", id, "supervisor.pid"))).Split(' ')[0];

        (await new Command("kill", "-KILL", supervisor).RunAsync()).Expect(0);

        await Host.EventuallyAsync(async () => (await StateAsync(id)).GetProperty("Status").GetString() == "exited", "the container is exited");
        Assert.Contains("supervisor was killed", (await StateAsync(id)).GetProperty("Error").GetString(), StringComparison.Ordinal);
        await Host.EventuallyAsync(() => !Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}")), "its process is gone");
    }

    [Fact]
    public async Task Daemon_KilledWhileContainersEnd_KnowsHowTheyEnded()
    {
        var ends = await RunAsync("sleep 5; exit 9");
        var stays = await RunAsync("sleep 60");
        var removed = await RunAsync("sleep 5", """{"AutoRemove":true}""");
        var restarted = await RunAsync("sleep 1", """{"RestartPolicy":{"Name":"always"}}""");

        var ending = new List<int>();
        foreach (var id in (string[])[ends, removed])
        {
            ending.Add((await StateAsync(id)).GetProperty("Pid").GetInt32());
        }

        await Daemon.KillAsync();
        await Host.EventuallyAsync(
            () => ending.TrueForAll(pid => !Directory.Exists(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}"))), "the programs have ended");
        await Daemon.LaunchAsync();

        Assert.Equal(("exited", 9), (await StateAsync(ends)) is var state ? (state.GetProperty("Status").GetString(), state.GetProperty("ExitCode").GetInt32()) : default);
        Assert.Equal("running", (await StateAsync(stays)).GetProperty("Status").GetString());
        Assert.Equal(404, (await Daemon.PostAsync($"/containers/{removed}/kill")).Status);
        await Host.EventuallyAsync(async () => (await Daemon.GetAsync($"/containers/{restarted}/json")).GetProperty("RestartCount").GetInt32() > 0, "restarted by its policy");
    }
}
