using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Client.Tests.Kit;
using Berth.Shared.Api;

namespace Berth.Client.Tests.Commands;

public sealed class VolumeCommandTests
{
    private const string Volumes = """
        {"Volumes":[{"Name":"data10","Driver":"local","Scope":"local","Mountpoint":"/v/data10","Labels":{"team":"red"},"Options":null,"UsageData":{"RefCount":2,"Size":2048}},
         {"Name":"data2","Driver":"local","Scope":"local","Mountpoint":"/v/data2","Labels":null,"Options":null}],"Warnings":null}
        """;

    private static readonly ApiJson Strict = new(new JsonSerializerOptions { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow });

    [Theory]
    [InlineData("DRIVER    VOLUME NAME\nlocal     data2\nlocal     data10\n")]
    [InlineData("data2\ndata10\n", "-q")]
    [InlineData("data2 N/A N/A /v/data2 N/A\ndata10 2 2.048kB /v/data10 N/A\n", "--format", "{{.Name}} {{.Links}} {{.Size}} {{.Mountpoint}} {{.Availability}}")]
    [InlineData("VOLUME NAME   team\ndata2         \ndata10        red\n", "--format", "table {{.Name}}\\t{{.Label \"team\"}}")]
    public void Ls_Forms(string expected, params string[] words)
    {
        using var engine = new ScriptedEngine().Reply("GET /volumes", 200, Volumes);

        Assert.Equal(expected, ClientRun.Of(engine, ["volume", "ls", .. words]).Out);
    }

    [Fact]
    public void Create_EveryOption_IsInTheWireType()
    {
        using var engine = new ScriptedEngine().Reply("POST /volumes/create", 201, """{"Name":"data"}""");

        var run = ClientRun.Of(engine, "volume", "create", "-d", "local", "-o", "type=tmpfs", "-o", "o=size=1m,uid=5", "--label", "team=red", "data");

        Assert.Equal((0, "data\n", ""), (run.ExitCode, run.Out, run.Err));
        Assert.NotNull(JsonSerializer.Deserialize(engine.Requests[0].Body, Strict.VolumeCreateRequest));
        Assert.Equal("""{"Name":"data","Driver":"local","DriverOpts":{"o":"size=1m,uid=5","type":"tmpfs"},"Labels":{"team":"red"}}""", engine.Requests[0].Body);
    }

    [Fact]
    public void Create_TwoNames_IsRefused()
    {
        using var engine = new ScriptedEngine();

        var run = ClientRun.Of(engine, "volume", "create", "--name", "a", "b");

        Assert.Equal((1, "conflicting options: cannot specify a volume-name through both --name and as a positional arg\n"), (run.ExitCode, run.Err));
    }

    [Fact]
    public void Rm_Force_IsSaidAndNamesAreEscaped()
    {
        using var engine = new ScriptedEngine().Reply("DELETE /volumes/a%2Fb", 204, "");

        var run = ClientRun.Of(engine, "volume", "rm", "-f", "a/b");

        Assert.Equal((0, "a/b\n", ""), (run.ExitCode, run.Out, run.Err));
        Assert.Equal("/volumes/a%2Fb?force=1", engine.Requests[0].Path);
    }

    [Fact]
    public void Prune_All_IsAFilterAndTheTotalIsPrinted()
    {
        using var engine = new ScriptedEngine().Reply("POST /volumes/prune", 200, """{"VolumesDeleted":["data"],"SpaceReclaimed":2048}""");

        var run = ClientRun.Of(engine, "volume", "prune", "-f", "-a");

        Assert.Equal("Deleted Volumes:\ndata\n\nTotal reclaimed space: 2.048kB\n", run.Out);
        Assert.Equal("/volumes/prune?filters=" + Uri.EscapeDataString("""{"all":["true"]}"""), engine.Requests[0].Path);
    }

    [Fact]
    public void Prune_AllTwice_IsRefused()
    {
        using var engine = new ScriptedEngine();

        var run = ClientRun.Of(engine, "volume", "prune", "-f", "-a", "--filter", "all=1");

        Assert.Equal((1, "conflicting options: cannot specify both --all and --filter all=1\n"), (run.ExitCode, run.Err));
    }
}
