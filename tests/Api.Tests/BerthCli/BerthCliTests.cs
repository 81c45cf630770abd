using System.Text.Json;
using Berth.Kit;

namespace Berth.Api.Tests.BerthCli;

/// <summary>Berth's own command line against its daemon.</summary>
public sealed class BerthCliTests(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    private async Task<string> BerthAsync(params string[] arguments) => (await fixture.Daemon.Berth(arguments).RunAsync()).Expect(0).Text;

    [Fact]
    public async Task Save_ThenLoad_GivesTheSameImage()
    {
        using var files = new TemporaryDirectory();
        await BerthAsync("tag", "busybox", "kept:1");
        var id = await BerthAsync("inspect", "-f", "{{.Id}}", "kept:1");
        await BerthAsync("save", "-o", files["kept.tar"], "kept:1");
        await BerthAsync("rmi", "kept:1");

        Assert.Equal("Loaded image: kept:1", await BerthAsync("load", "-i", files["kept.tar"]));
        Assert.Equal(id, await BerthAsync("inspect", "-f", "{{.Id}}", "kept:1"));
        await BerthAsync("rmi", "kept:1");
    }

    [Fact]
    public async Task Import_OfATree_MakesAnImageThatRuns()
    {
        using var files = new TemporaryDirectory();
        Directory.CreateDirectory(files["root/bin"]);
        File.Copy(Host.Find("busybox")!, files["root/bin/busybox"]);
        (await new Command("tar", "-C", files["root"], "-cf", files["root.tar"], ".").RunAsync()).Expect(0);

        await BerthAsync("import", "-c", "ENV COLOR=green", "-m", "made here", files["root.tar"], "imported:1");

        Assert.Equal("green", await BerthAsync("run", "--rm", "imported:1", "/bin/busybox", "sh", "-c", "echo $COLOR"));
        Assert.Contains("made here", await BerthAsync("history", "imported:1"), StringComparison.Ordinal);
        await BerthAsync("rmi", "imported:1");
    }

    [Fact]
    public async Task Pull_FromARegistry_GetsWhatWasPushed()
    {
        Assert.SkipUnless(TestRegistry.IsInstalled, "needs docker-registry and skopeo");
        await using var registry = await TestRegistry.StartAsync();
        var name = await registry.PushAsync($"docker-archive:{await TestImages.BusyboxArchiveAsync()}", "deep/path/of/busybox:v1");

        var output = await BerthAsync("pull", name);

        Assert.Contains($"Status: Downloaded newer image for {name}", output, StringComparison.Ordinal);
        Assert.Equal("ran", await BerthAsync("run", "--rm", name, "echo", "ran"));
        await BerthAsync("rmi", name);
    }

    [Fact]
    public async Task SystemDf_CountsWhatIsThere()
    {
        var table = await BerthAsync("system", "df");

        Assert.Matches(@"(?m)^Images\s+\d+\s", table);
        Assert.Matches(@"(?m)^Containers\s+\d+\s", table);
    }

    [Fact]
    public async Task Info_AsJson_NamesTheEngine()
    {
        var info = JsonDocument.Parse(await BerthAsync("info", "--format", "{{json .}}")).RootElement;

        Assert.Equal(fixture.Daemon.DataRoot, info.GetProperty("DockerRootDir").GetString());
        Assert.Equal("linux", info.GetProperty("OSType").GetString());
    }

    [Fact]
    public async Task Mistyped_Command_IsAnsweredWithASuggestion()
    {
        var result = await fixture.Daemon.Berth("imagse").RunAsync();

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("images", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("crun")]
    public async Task Run_ByAnotherRuntime_GivesItsOutputAndStatus(string runtime)
    {
        Assert.SkipUnless(Host.Find(runtime) is not null, $"needs {runtime}");
        Assert.SkipWhen(runtime == "crun" && !Host.HasCgroup2, "crun refuses hybrid cgroups");
        await using var daemon = await TestDaemon.StartAsync("--add-runtime", $"{runtime}={Host.Find(runtime)}");

        var result = (await daemon.Berth("run", "--rm", "-i", "--runtime", runtime, "busybox", "sh", "-c", "cat; exit 6").Input("through it\n").RunAsync()).Expect(6);

        Assert.Equal("through it\n", result.Output);
    }
}
