using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Client.Tests.Kit;
using Berth.Shared.Api;

namespace Berth.Client.Tests.Commands;

public sealed class UpdateCommandTests
{
    private static readonly ApiJson Strict = new(new JsonSerializerOptions { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow });

    [Fact]
    public void Update_EveryOption_IsInTheWireType()
    {
        using var engine = new ScriptedEngine().Reply("POST /containers/web/update", 200, """{"Warnings":["watch out"]}""");

        var run = ClientRun.Of(
            engine, "update", "--blkio-weight", "100", "--cpu-period", "100000", "--cpu-quota", "5000", "--cpu-rt-period", "1000", "--cpu-rt-runtime", "10", "-c", "20", "--cpus", "1.5", "--cpuset-cpus", "0", "--cpuset-mems", "0",
            "-m", "64m", "--memory-reservation", "32m", "--memory-swap", "-1", "--pids-limit", "9", "--restart", "on-failure:3", "web");

        Assert.Equal((0, "web\nwatch out\n", ""), (run.ExitCode, run.Out, run.Err));
        Assert.NotNull(JsonSerializer.Deserialize(engine.Requests[0].Body, Strict.ContainerUpdateRequest));
        var json = JsonDocument.Parse(engine.Requests[0].Body).RootElement;
        Assert.Equal(1_500_000_000, json.GetProperty("NanoCpus").GetInt64());
        Assert.Equal("""{"Name":"on-failure","MaximumRetryCount":3}""", json.GetProperty("RestartPolicy").GetRawText());
    }

    [Fact]
    public void Update_OneRefused_ChangesTheOthersAndFails()
    {
        using var engine = new ScriptedEngine().Reply("POST /containers/a/update", 404, """{"message":"No such container: a"}""").Reply("POST /containers/b/update", 200, "{}");

        var run = ClientRun.Of(engine, "container", "update", "--cpus", "1", "a", "b");

        Assert.Equal((1, "b\n", "Error response from daemon: No such container: a\n"), (run.ExitCode, run.Out, run.Err));
    }

    [Fact]
    public void Update_WithoutOptions_IsRefused()
    {
        using var engine = new ScriptedEngine();

        var run = ClientRun.Of(engine, "update", "web");

        Assert.Equal((1, "you must provide one or more flags when using this command\n"), (run.ExitCode, run.Err));
    }
}
