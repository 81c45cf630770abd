using Berth.Kit;

namespace Berth.Api.Tests.DockerCli;

public sealed class ImageTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    [Fact]
    public async Task Pull_FromARegistry_RunsWhatWasPushed()
    {
        Assert.SkipUnless(TestRegistry.IsInstalled, "needs docker-registry and skopeo");
        await using var registry = await TestRegistry.StartAsync();
        var name = await registry.PushAsync($"docker-archive:{await TestImages.BusyboxArchiveAsync()}", "team/tools/busybox:1");

        var output = await DockerAsync("pull", name);

        Assert.Contains($"Status: Downloaded newer image for {name}", output, StringComparison.Ordinal);
        Assert.Contains("Image is up to date", await DockerAsync("pull", name), StringComparison.Ordinal);
        Assert.Equal("pulled", await DockerAsync("run", "--rm", name, "echo", "pulled"));
        Assert.Contains("sha256:", await DockerAsync("inspect", "-f", "{{index .RepoDigests 0}}", name), StringComparison.Ordinal);
        await DockerAsync("rmi", name);
    }

    [Fact]
    public async Task Pull_WhenNameIsUnknown_SaysSo()
    {
        Assert.SkipUnless(TestRegistry.IsInstalled, "needs docker-registry and skopeo");
        await using var registry = await TestRegistry.StartAsync();

        var result = (await Daemon.Docker("pull", $"{registry.Address}/nothing:here").RunAsync()).Expect(1);

        Assert.Matches("not found|manifest unknown", result.Error);
    }

    [Fact]
    public async Task Tag_ThenRemove_KeepsTheImageUnderItsOtherName()
    {
        await DockerAsync("tag", "busybox", "mine/box:v2");

        Assert.Contains("mine/box:v2", await DockerAsync("images", "--format", "{{.Repository}}:{{.Tag}}"), StringComparison.Ordinal);
        Assert.Equal("Untagged: mine/box:v2", await DockerAsync("rmi", "mine/box:v2"));
        Assert.Equal("still", await DockerAsync("run", "--rm", "busybox", "echo", "still"));
    }

    [Fact]
    public async Task Save_ThenLoad_GivesTheSameImage()
    {
        using var directory = new TemporaryDirectory();
        await DockerAsync("tag", "busybox", "saved:1");
        var id = await DockerAsync("inspect", "-f", "{{.Id}}", "saved:1");
        await DockerAsync("save", "-o", directory["saved.tar"], "saved:1");
        await DockerAsync("rmi", "saved:1");

        var output = await DockerAsync("load", "-i", directory["saved.tar"]);

        Assert.Equal("Loaded image: saved:1", output);
        Assert.Equal(id, await DockerAsync("inspect", "-f", "{{.Id}}", "saved:1"));
        await DockerAsync("rmi", "saved:1");
    }

    [Fact]
    public async Task Remove_WhenAContainerRuns_Conflicts()
    {
        await DockerAsync("run", "-d", "--name", "holder", "busybox", "sleep", "600");

        var result = (await Daemon.Docker("rmi", "-f", await DockerAsync("inspect", "-f", "{{.Id}}", "busybox")).RunAsync()).Expect(1);

        Assert.Contains("conflict", result.Error, StringComparison.Ordinal);
        await DockerAsync("rm", "-f", "holder");
    }

    [Fact]
    public async Task History_ListsTheSteps()
        => Assert.Contains("busybox-static of Debian", await DockerAsync("history", "--no-trunc", "busybox"), StringComparison.Ordinal);
}
