using Berth.Kit;

namespace Berth.Api.Tests.BerthCli;

/// <summary>Berth's own cp, diff, export, commit, push and login, on a real daemon.</summary>
public sealed class BerthFilesTests(DaemonFixture fixture) : IClassFixture<DaemonFixture>
{
    [Fact]
    public async Task Cp_BothWays_FollowsTheRulesOfNames()
    {
        var container = await BerthAsync("run", "-d", "busybox", "sleep", "600");
        using var files = new TemporaryDirectory();
        Directory.CreateDirectory(files["tree/inner"]);
        await File.WriteAllTextAsync(files["tree/inner/file"], "content");
        File.CreateSymbolicLink(files["tree/link"], "/etc");
        Directory.CreateDirectory(files["there"]);

        await BerthAsync("cp", files["tree"], $"{container}:/new");
        await BerthAsync("cp", files["tree"], $"{container}:/tmp");
        await BerthAsync("cp", files["tree/."], $"{container}:/home");
        await BerthAsync("cp", files["tree/inner/file"], $"{container}:/renamed");
        await BerthAsync("cp", $"{container}:/new", files["there"]);
        await BerthAsync("cp", $"{container}:/new/.", files["fresh"]);
        await BerthAsync("cp", $"{container}:/renamed", files["there/"]);

        Assert.Equal("content content content content", await BerthAsync(
            "exec", container, "sh", "-c", "echo $(cat /new/inner/file) $(cat /tmp/tree/inner/file) $(cat /home/inner/file) $(cat /renamed)"));
        Assert.Equal("content", await File.ReadAllTextAsync(files["there/new/inner/file"]));
        Assert.Equal("content", await File.ReadAllTextAsync(files["fresh/inner/file"]));
        Assert.Equal("/etc", new FileInfo(files["fresh/link"]).LinkTarget);
        Assert.Equal("content", await File.ReadAllTextAsync(files["there/renamed"]));
        await BerthAsync("rm", "-f", container);
    }

    [Fact]
    public async Task Cp_Streams_GoThroughStandardInputAndOutput()
    {
        var container = await BerthAsync("create", "busybox", "true");
        using var files = new TemporaryDirectory();
        await File.WriteAllTextAsync(files["note"], "streamed");

        (await Shell($"tar -C {files.Path} -c note | {Host.Program("berth")} cp - {container}:/srv2/..").RunAsync()).Expect(0);
        var listed = (await Shell($"{Host.Program("berth")} cp {container}:/note - | tar -xO").RunAsync()).Expect(0).Text;

        Assert.Equal("streamed", listed);
        await BerthAsync("rm", container);
    }

    [Fact]
    public async Task Cp_WrongWays_AreToldInWords()
    {
        var container = await BerthAsync("create", "busybox", "true");
        using var files = new TemporaryDirectory();
        await File.WriteAllTextAsync(files["note"], "x");

        Assert.Contains("Could not find the file /nope in container", await FailAsync("cp", $"{container}:/nope", files["a"]), StringComparison.Ordinal);
        Assert.Contains("No such container", await FailAsync("cp", "none:/etc", files["a"]), StringComparison.Ordinal);
        Assert.Contains("no such directory", await FailAsync("cp", files["note"], $"{container}:/nope/"), StringComparison.Ordinal);
        Assert.Contains("cannot copy directory", await FailAsync("cp", files.Path, $"{container}:/etc/passwd"), StringComparison.Ordinal);
        Assert.Contains("no such file or directory", await FailAsync("cp", files["missing"], $"{container}:/"), StringComparison.Ordinal);
        await BerthAsync("rm", container);
    }

    [Fact]
    public async Task Diff_Export_Commit_ShowAndKeepChanges()
    {
        var container = await BerthAsync("run", "-d", "busybox", "sh", "-c", "echo a > /new; sleep 600");
        await Host.EventuallyAsync(async () => (await Berth("exec", container, "cat", "/new").RunAsync()).ExitCode == 0, "the file is there");
        using var files = new TemporaryDirectory();

        Assert.Equal("A /new", await BerthAsync("diff", container));
        await BerthAsync("export", "-o", files["all.tar"], container);
        Assert.Equal("a", (await Shell($"tar -xOf {files["all.tar"]} new").RunAsync()).Expect(0).Text);
        Assert.StartsWith("sha256:", await BerthAsync("commit", "-c", "CMD cat /new", container, "berth-committed:1"), StringComparison.Ordinal);
        Assert.Equal("a", await BerthAsync("run", "--rm", "berth-committed:1"));
        await BerthAsync("rm", "-f", container);
        await BerthAsync("rmi", "berth-committed:1");
    }

    [Fact]
    public async Task Login_Push_Pull_UseTheKeptCredentials()
    {
        Assert.SkipUnless(TestRegistry.IsInstalled, "needs docker-registry and skopeo");
        await using var registry = await TestRegistry.StartAsync(asksForPassword: true);
        using var files = new TemporaryDirectory();
        var name = $"{registry.Address}/mine:1";
        await BerthAsync("tag", "busybox", name);

        Assert.Contains("unauthorized", await FailAsync("login", "-u", "berth", "-p", "wrong", registry.Address), StringComparison.Ordinal);
        (await With(files, "login", "-u", "berth", "-p", "secret", registry.Address).RunAsync()).Expect(0);
        (await With(files, "push", name).RunAsync()).Expect(0);
        await BerthAsync("rmi", name);
        (await Berth("pull", name).RunAsync()).Expect(1);
        (await With(files, "pull", name).RunAsync()).Expect(0);
        (await With(files, "logout", registry.Address).RunAsync()).Expect(0);

        Assert.DoesNotContain("auth\"", await File.ReadAllTextAsync(files["config.json"]), StringComparison.Ordinal);
        await BerthAsync("rmi", name);
    }

    private Command Berth(params string[] arguments) => fixture.Daemon.Berth(arguments).With("HOME", fixture.Daemon.DataRoot);

    private Command With(TemporaryDirectory configuration, params string[] arguments) => Berth(arguments).With("DOCKER_CONFIG", configuration.Path);

    private Command Shell(string line) => new Command("sh", "-c", line).With("BERTH_HOST", $"unix://{fixture.Daemon.Socket}");

    private async Task<string> BerthAsync(params string[] arguments) => (await Berth(arguments).RunAsync()).Expect(0).Text;

    private async Task<string> FailAsync(params string[] arguments) => (await Berth(arguments).RunAsync()).Expect(1).Error;
}
