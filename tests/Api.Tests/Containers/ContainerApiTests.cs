using System.Text.Json;
using Berth.Kit;

namespace Berth.Api.Tests.Containers;

/// <summary>The containers' endpoints over HTTP: statuses, words and states that clients depend on.</summary>
public sealed class ContainerApiTests(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    private TestDaemon Daemon => fixture.Daemon;

    private async Task<string> CreateAsync(string command, string host = "{}", string? name = null, string further = "")
    {
        var body = $$"""{"Image":"busybox","Cmd":["sh","-c",{{JsonSerializer.Serialize(command)}}],"HostConfig":{{host}}{{further}}}""";
        var (status, text) = await Daemon.PostAsync($"/containers/create{(name is null ? "" : $"?name={name}")}", body);
        Assert.True(status == 201, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("Id").GetString() ?? "";
    }

    private async Task<int> RunAsync(string id)
    {
        Assert.Equal(204, (await Daemon.PostAsync($"/containers/{id}/start")).Status);
        var (status, text) = await Daemon.PostAsync($"/containers/{id}/wait");
        Assert.Equal(200, status);
        return JsonDocument.Parse(text).RootElement.GetProperty("StatusCode").GetInt32();
    }

    private async Task<JsonElement> StateAsync(string id) => (await Daemon.GetAsync($"/containers/{id}/json")).GetProperty("State");

    private Task UntilStatusAsync(string id, string status)
        => Host.EventuallyAsync(async () => (await StateAsync(id)).GetProperty("Status").GetString() == status, $"{id} is {status}");

    [Fact]
    public async Task Create_UnknownImage_Is404InDockersWords()
    {
        var (status, text) = await Daemon.PostAsync("/containers/create", """{"Image":"nosuch"}""");

        Assert.Equal(404, status);
        Assert.Contains("No such image: nosuch:latest", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithoutBody_Is400() => Assert.Equal(400, (await Daemon.PostAsync("/containers/create")).Status);

    [Fact]
    public async Task Create_TakenName_Is409AndLeavesNothing()
    {
        await CreateAsync("true", name: "taken");

        var (status, text) = await Daemon.PostAsync("/containers/create?name=taken", """{"Image":"busybox"}""");

        Assert.Equal(409, status);
        Assert.Contains("is already in use by container", text, StringComparison.Ordinal);
        Assert.Equal(1, (await Daemon.GetAsync("""/containers/json?all=1&filters={"name":["^/taken$"]}""")).GetArrayLength());
    }

    [Fact]
    public async Task Start_ThenAgain_Is304()
    {
        var id = await CreateAsync("sleep 60");
        Assert.Equal(204, (await Daemon.PostAsync($"/containers/{id}/start")).Status);

        Assert.Equal(304, (await Daemon.PostAsync($"/containers/{id}/start")).Status);
    }

    [Fact]
    public async Task Wait_AfterExit_TellsTheCode() => Assert.Equal(7, await RunAsync(await CreateAsync("exit 7")));

    [Fact]
    public async Task Start_ProgramNotFound_SaysSoAndStaysCreated()
    {
        var (_, created) = await Daemon.PostAsync("/containers/create", """{"Image":"busybox","Cmd":["nosuchprogram"]}""");
        var id = JsonDocument.Parse(created).RootElement.GetProperty("Id").GetString() ?? "";

        var (status, text) = await Daemon.PostAsync($"/containers/{id}/start");

        Assert.Equal(400, status);
        Assert.Contains("executable file not found in $PATH", text, StringComparison.Ordinal);
        var state = await StateAsync(id);
        Assert.Equal(("created", 127), (state.GetProperty("Status").GetString(), state.GetProperty("ExitCode").GetInt32()));
    }

    [Fact]
    public async Task Stop_ProgramThatListens_EndsByItself()
    {
        var id = await CreateAsync("trap 'exit 3' TERM; while :; do sleep 0.1; done");
        await Daemon.PostAsync($"/containers/{id}/start");

        Assert.Equal(204, (await Daemon.PostAsync($"/containers/{id}/stop")).Status);

        Assert.Equal(3, (await StateAsync(id)).GetProperty("ExitCode").GetInt32());
        Assert.Equal(304, (await Daemon.PostAsync($"/containers/{id}/stop")).Status);
    }

    [Fact]
    public async Task Stop_ProgramThatDoesNot_IsKilled()
    {
        var id = await CreateAsync("trap '' TERM; while :; do sleep 0.1; done");
        await Daemon.PostAsync($"/containers/{id}/start");

        await Daemon.PostAsync($"/containers/{id}/stop?t=1");

        Assert.Equal(137, (await StateAsync(id)).GetProperty("ExitCode").GetInt32());
    }

    [Fact]
    public async Task Kill_AtRest_Is409()
    {
        var (status, text) = await Daemon.PostAsync($"/containers/{await CreateAsync("true")}/kill");

        Assert.Equal(409, status);
        Assert.Contains("is not running", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pause_ThenKill_Ends()
    {
        var id = await CreateAsync("sleep 60");
        await Daemon.PostAsync($"/containers/{id}/start");
        Assert.Equal(204, (await Daemon.PostAsync($"/containers/{id}/pause")).Status);
        Assert.Equal("paused", (await StateAsync(id)).GetProperty("Status").GetString());
        Assert.Equal(409, (await Daemon.PostAsync($"/containers/{id}/pause")).Status);

        Assert.Equal(204, (await Daemon.PostAsync($"/containers/{id}/kill")).Status);

        await UntilStatusAsync(id, "exited");
    }

    [Fact]
    public async Task Delete_Running_Is409UntilForced()
    {
        var id = await CreateAsync("sleep 60");
        await Daemon.PostAsync($"/containers/{id}/start");
        using var refused = await Daemon.Http.DeleteAsync(new Uri($"http://berth/containers/{id}"));
        Assert.Equal(409, (int)refused.StatusCode);

        using var forced = await Daemon.Http.DeleteAsync(new Uri($"http://berth/containers/{id}?force=1"));

        Assert.Equal(204, (int)forced.StatusCode);
        Assert.Equal(404, (await Daemon.PostAsync($"/containers/{id}/start")).Status);
    }

    [Fact]
    public async Task AutoRemove_AfterExit_IsGoneAndItsVolumesToo()
    {
        var id = await CreateAsync("exit 5", """{"AutoRemove":true}""", further: ""","Volumes":{"/data":{}}""");
        var volume = (await Daemon.GetAsync($"/containers/{id}/json")).GetProperty("Mounts")[0].GetProperty("Source").GetString() ?? "";
        Assert.True(Directory.Exists(volume));
        var wait = Daemon.PostAsync($"/containers/{id}/wait?condition=removed");
        await Daemon.PostAsync($"/containers/{id}/start");

        Assert.Contains("\"StatusCode\":5", (await wait).Text, StringComparison.Ordinal);

        Assert.Equal(404, (await Daemon.PostAsync($"/containers/{id}/kill")).Status);
        await Host.EventuallyAsync(() => !Directory.Exists(volume), "the volume is gone");
    }

    [Fact]
    public async Task OnFailure_RestartsAsOftenAsAllowed()
    {
        var id = await CreateAsync("exit 1", """{"RestartPolicy":{"Name":"on-failure","MaximumRetryCount":2}}""");
        await Daemon.PostAsync($"/containers/{id}/start");

        await Host.EventuallyAsync(
            async () => (await Daemon.GetAsync($"/containers/{id}/json")) is var it && it.GetProperty("RestartCount").GetInt32() == 2
                && it.GetProperty("State").GetProperty("Status").GetString() == "exited",
            "restarted twice and then left alone");
    }

    [Fact]
    public async Task Always_StoppedByTheUser_StaysStopped()
    {
        var id = await CreateAsync("exit 0", """{"RestartPolicy":{"Name":"always"}}""");
        await Daemon.PostAsync($"/containers/{id}/start");
        await Host.EventuallyAsync(async () => (await Daemon.GetAsync($"/containers/{id}/json")).GetProperty("RestartCount").GetInt32() > 0, "restarted");

        await Daemon.PostAsync($"/containers/{id}/stop?t=0");

        await UntilStatusAsync(id, "exited");
        var count = (await Daemon.GetAsync($"/containers/{id}/json")).GetProperty("RestartCount").GetInt32();
        Assert.Equal(count, (await Daemon.GetAsync($"/containers/{id}/json")).GetProperty("RestartCount").GetInt32());
    }

    [Fact]
    public async Task Rename_ToATakenName_Is409AndBothKeepTheirs()
    {
        var (first, second) = (await CreateAsync("true", name: "ren-one"), await CreateAsync("true", name: "ren-two"));

        Assert.Equal(409, (await Daemon.PostAsync($"/containers/{first}/rename?name=ren-two")).Status);
        Assert.Equal(204, (await Daemon.PostAsync($"/containers/{first}/rename?name=ren-three")).Status);

        Assert.Equal("/ren-three", (await Daemon.GetAsync($"/containers/{first}/json")).GetProperty("Name").GetString());
        Assert.Equal("/ren-two", (await Daemon.GetAsync($"/containers/{second}/json")).GetProperty("Name").GetString());
    }

    [Fact]
    public async Task Start_UnknownUser_Is400AndStartsNothing()
    {
        var id = await CreateAsync("true", further: ""","User":"nosuchuser" """);

        var (status, text) = await Daemon.PostAsync($"/containers/{id}/start");

        Assert.Equal(400, status);
        Assert.Contains("unable to find user nosuchuser", text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Daemon.ExecRoot, "containers", id)));
    }

    [Fact]
    public async Task NamedVolume_OutlivesItsContainers()
    {
        const string host = """{"Binds":["apitest:/v"]}""";
        Assert.Equal(0, await RunAsync(await CreateAsync("echo kept > /v/file", host)));

        Assert.Equal(0, await RunAsync(await CreateAsync("grep -q kept /v/file", host)));
    }

    [Fact]
    public async Task SharedNetwork_OfARunningContainer_IsItsNetwork()
    {
        var owner = await CreateAsync("echo page > /index.html; httpd -f -p 8080 -h /");
        await Daemon.PostAsync($"/containers/{owner}/start");
        var guest = await CreateAsync("until wget -qO- http://127.0.0.1:8080/ | grep page; do sleep 0.1; done", $$"""{"NetworkMode":"container:{{owner}}"}""");

        Assert.Equal(0, await RunAsync(guest));
    }

    [Fact]
    public async Task SharedNetwork_OfAContainerAtRest_Is409()
    {
        var guest = await CreateAsync("true", $$"""{"NetworkMode":"container:{{await CreateAsync("true")}}"}""");

        Assert.Equal(409, (await Daemon.PostAsync($"/containers/{guest}/start")).Status);
    }
}
