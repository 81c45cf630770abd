using Berth.Client.Tests.Kit;

namespace Berth.Client.Tests.Commands;

public sealed class ListCommandTests
{
    private const string Containers = """
        [{"Id":"0123456789abcdef0123","Names":["/web"],"Image":"nginx","Command":"nginx -g 'daemon off;' and more","Created":0,"State":"running","Status":"Up 3 minutes",
          "Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],"Labels":{"com.example.team":"red"},"SizeRw":2048,"SizeRootFs":4430000,
          "Mounts":[{"Type":"volume","Name":"a-very-long-volume-name","Driver":"local"}],"NetworkSettings":{"Networks":{"bridge":{}}}}]
        """;

    private const string Images = """
        [{"Id":"sha256:0123456789abcdef","RepoTags":["busybox:latest","localhost:5000/bb:1"],"RepoDigests":["busybox@sha256:aa"],"Created":0,"Size":4430000,"Containers":-1,"SharedSize":-1},
         {"Id":"sha256:fedcba9876543210","RepoTags":["<none>:<none>"],"RepoDigests":[],"Created":0,"Size":1000}]
        """;

    [Fact]
    public void Ps_Table_IsDockers()
    {
        var run = Ps();

        Assert.Equal("CONTAINER ID   IMAGE     COMMAND                  CREATED        STATUS         PORTS                  NAMES", run.Out.Split('\n')[0].Replace("CREATED       ", "CREATED       ", StringComparison.Ordinal));
        Assert.StartsWith("0123456789ab   nginx     \"nginx -g 'daemon of…\"   5", run.Out.Split('\n')[1], StringComparison.Ordinal);
        Assert.EndsWith("Up 3 minutes   0.0.0.0:8080->80/tcp   web", run.Out.Split('\n')[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0123456789ab\n", "-q")]
    [InlineData("0123456789abcdef0123\n", "-q", "--no-trunc")]
    [InlineData("web red 2.05kB (virtual 4.43MB) bridge\n", "--format", "{{.Names}} {{.Label \"com.example.team\"}} {{.Size}} {{.Networks}}")]
    [InlineData("NAMES     team\nweb       red\n", "--format", "table {{.Names}}\\t{{.Label \"com.example.team\"}}")]
    [InlineData("a-very-long-vo… 1\n", "--format", "{{.Mounts}} {{.LocalVolumes}}")]
    public void Ps_Formats(string expected, params string[] words) => Assert.Equal(expected, Ps(words).Out);

    [Fact]
    public void Ps_Json_IsOneSortedObjectALine()
    {
        var line = Ps("--format", "json").Out;

        Assert.StartsWith("{\"Command\":\"\\\"nginx -g 'daemon of…\\\"\",\"CreatedAt\":\"1970-01-01 ", line, StringComparison.Ordinal);
        Assert.Contains("\"Ports\":\"0.0.0.0:8080-\\u003e80/tcp\"", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Ps_Filters_GoToTheDaemon()
    {
        using var engine = new ScriptedEngine().Reply("GET /containers/json", 200, "[]");

        ClientRun.Of(engine, "ps", "-a", "-n", "3", "-f", "status=exited", "-f", "label=a=b");

        Assert.Equal("/containers/json?all=1&limit=3&filters=" + Uri.EscapeDataString("""{"status":["exited"],"label":["a=b"]}"""), engine.Requests[0].Path);
    }

    [Fact]
    public void Ps_UnknownColumn_IsAnError()
    {
        var run = Ps("--format", "{{.Colour}}");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("can't evaluate field Colour", run.Err, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("busybox latest <none>\nlocalhost:5000/bb 1 <none>\n<none> <none> <none>\n", "--format", "{{.Repository}} {{.Tag}} {{\"<none>\"}}")]
    [InlineData("0123456789ab\nfedcba987654\n", "-q")]
    [InlineData("sha256:0123456789abcdef\nsha256:fedcba9876543210\n", "-q", "--no-trunc")]
    [InlineData("busybox sha256:aa 4.43MB\nlocalhost:5000/bb <none> 4.43MB\n<none> <none> 1kB\n", "--format", "{{.Repository}} {{.Digest}} {{.Size}}")]
    public void Images_Formats(string expected, params string[] words)
    {
        using var engine = new ScriptedEngine().Reply("GET /images/json", 200, Images);

        Assert.Equal(expected, ClientRun.Of(engine, ["images", .. words]).Out);
    }

    [Fact]
    public void Inspect_Json_IsIndentedAndUntouched()
    {
        using var engine = new ScriptedEngine().Reply("GET /containers/web/json", 200, """{"Id":"1","Args":["\u003c"],"E":{}}""");

        Assert.Equal("[\n    {\n        \"Id\": \"1\",\n        \"Args\": [\n            \"\\u003c\"\n        ],\n        \"E\": {}\n    }\n]\n", ClientRun.Of(engine, "inspect", "web").Out);
    }

    [Fact]
    public void Inspect_Missing_PrintsTheRestAndFails()
    {
        using var engine = new ScriptedEngine().Reply("GET /containers/web/json", 200, """{"Id":"1"}""").Reply("GET /", 404, """{"message":"none"}""");

        var run = ClientRun.Of(engine, "inspect", "-f", "{{.Id}}", "gone", "web");

        Assert.Equal(new ClientRun(1, "1\n", "Error: No such object: gone\n"), run);
    }

    [Fact]
    public void Rm_SomeRefused_RemovesTheOthersAndFails()
    {
        using var engine = new ScriptedEngine().Reply("DELETE /containers/a", 204).Reply("DELETE /containers/b", 409, """{"message":"it runs"}""").Reply("DELETE /containers/c", 204);

        var run = ClientRun.Of(engine, "rm", "a", "b", "c");

        Assert.Equal(new ClientRun(1, "a\nc\n", "Error response from daemon: it runs\n"), run);
    }

    [Fact]
    public void Load_Chunked_SendsTheWholeInput()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory.File("a.tar"), new string('x', 200_000));
        using var engine = new ScriptedEngine().Reply("POST /images/load", 200, "{\"stream\":\"Loaded image: a:latest\\n\"}");

        var run = ClientRun.Of(engine, "load", "-i", directory.File("a.tar"));

        Assert.Equal(new ClientRun(0, "Loaded image: a:latest\n", ""), run);
        Assert.Equal(200_000, engine.Requests[0].Body.Length);
    }

    [Fact]
    public void Save_BrokenConnection_LeavesNoFile()
    {
        using var directory = new TempDirectory();
        using var engine = new ScriptedEngine().Play("GET /images/get", static (_, stream) =>
        {
            stream.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"u8);
            return false;
        });

        var run = ClientRun.Of(engine, "save", "-o", directory.File("a.tar"), "a");

        Assert.Equal(1, run.ExitCode);
        Assert.Empty(Directory.GetFiles(Path.GetDirectoryName(directory.File("a"))!));
    }

    [Fact]
    public void Pull_FailureInTheStream_IsTheError()
    {
        using var engine = new ScriptedEngine().Reply("POST /images/create", 200, "{\"status\":\"Pulling from a\",\"id\":\"latest\"}\n{\"errorDetail\":{\"message\":\"disk full\"},\"error\":\"disk full\"}\n");

        var run = ClientRun.Of(engine, "pull", "a");

        Assert.Equal(1, run.ExitCode);
        Assert.Equal("disk full\n", run.Err);
    }

    [Fact]
    public void Events_Line_HasTimeTypeActionAndAttributes()
    {
        using var engine = new ScriptedEngine().Reply("GET /events", 200, """{"Type":"container","Action":"die","Actor":{"ID":"01","Attributes":{"name":"web","exitCode":"0"}},"time":1700000000,"timeNano":1700000000123456789}""" + "\n");

        Assert.Matches(@"^2023-11-1\dT\d\d:\d\d:20\.123456789(Z|[+-]\d\d:\d\d) container die 01 \(exitCode=0, name=web\)\n$", ClientRun.Of(engine, "events").Out);
    }

    [Fact]
    public void Complete_ContainerNames_ComeFromTheDaemon()
    {
        using var engine = new ScriptedEngine().Reply("GET /containers/json", 200, Containers);

        Assert.Equal("web\tnginx\n", ClientRun.Of(engine, "__complete", "--", "stop", "w").Out);
    }

    [Theory]
    [InlineData("--no-trunc", "ps", "--no-t")]
    [InlineData("--cpu-shares", "container", "run", "--cpu-s")]
    [InlineData("images", "ima")]
    [InlineData("prune", "image", "pru")]
    [InlineData("missing", "run", "--pull", "mi")]
    [InlineData("--pull=missing", "run", "--pull=mi")]
    [InlineData(":files", "load", "-i", "x")]
    public void Complete_Words(string expected, params string[] words)
    {
        using var engine = new ScriptedEngine();

        Assert.Contains(expected, ClientRun.Of(engine, ["__complete", "--", .. words]).Out.Split('\n').Select(static line => line.Split('\t')[0]));
    }

    private static ClientRun Ps(params string[] words)
    {
        using var engine = new ScriptedEngine().Reply("GET /containers/json", 200, Containers);
        return ClientRun.Of(engine, ["ps", .. words]);
    }
}
