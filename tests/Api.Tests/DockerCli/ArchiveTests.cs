using System.Text;
using Berth.Kit;

namespace Berth.Api.Tests.DockerCli;

public sealed class ArchiveTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cp_BothWays_KeepsContentModeAndNames(bool isRunning)
    {
        var container = await ContainerAsync(isRunning, "cp-ways-" + isRunning);
        using var files = new TemporaryDirectory();
        Directory.CreateDirectory(files["tree/inner"]);
        await File.WriteAllTextAsync(files["tree/inner/file"], "content");
        File.SetUnixFileMode(files["tree/inner/file"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(files["tree/link"], "inner/file");

        await DockerAsync("cp", files["tree"], $"{container}:/srv-tree");
        await DockerAsync("cp", $"{container}:/srv-tree", files["back"]);
        await DockerAsync("cp", $"{container}:/srv-tree/inner/file", files["single"]);
        await DockerAsync("cp", "-L", $"{container}:/srv-tree/link", files["followed"]);

        Assert.Equal("content", await File.ReadAllTextAsync(files["back/inner/file"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(files["back/inner/file"]));
        Assert.Equal("inner/file", new FileInfo(files["back/link"]).LinkTarget);
        Assert.Equal("content", await File.ReadAllTextAsync(files["single"]));
        Assert.Equal("content", await File.ReadAllTextAsync(files["followed"]));
        if (!isRunning)
        {
            await DockerAsync("start", container);
        }

        Assert.Equal("content", await DockerAsync("exec", container, "cat", "/srv-tree/inner/file"));
        await DockerAsync("rm", "-f", container);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Cp_OverAVolume_ReachesTheVolume(bool isRunning)
    {
        var container = await ContainerAsync(isRunning, "cp-volume-" + isRunning, "-v", $"cpv{isRunning}:/data");
        using var files = new TemporaryDirectory();
        await File.WriteAllTextAsync(files["note"], "for the volume");

        await DockerAsync("cp", files["note"], $"{container}:/data/note");

        Assert.Equal("for the volume", await DockerAsync("run", "--rm", "-v", $"cpv{isRunning}:/v", "busybox", "cat", "/v/note"));
        await DockerAsync("cp", $"{container}:/data/note", files["again"]);
        Assert.Equal("for the volume", await File.ReadAllTextAsync(files["again"]));
        await DockerAsync("rm", "-f", "-v", container);
    }

    [Fact]
    public async Task Cp_ToAReadOnlyPlace_IsRefused_AndChangesNothing()
    {
        var container = await DockerAsync("run", "-d", "--read-only", "-v", "cprw:/rw", "busybox", "sleep", "600");
        using var files = new TemporaryDirectory();
        await File.WriteAllTextAsync(files["note"], "x");

        var refused = (await Daemon.Docker("cp", files["note"], $"{container}:/etc/note").RunAsync()).Expect(1);
        await DockerAsync("cp", files["note"], $"{container}:/rw/note");

        Assert.Contains("marked read-only", refused.Error, StringComparison.Ordinal);
        Assert.Equal("x", await DockerAsync("exec", container, "cat", "/rw/note"));
        await DockerAsync("rm", "-f", "-v", container);
    }

    [Fact]
    public async Task Cp_ThroughLinksThatLeadOut_StaysInTheContainer()
    {
        using var files = new TemporaryDirectory();
        await File.WriteAllTextAsync(files["evil"], "overwritten");
        await File.WriteAllTextAsync(files["victim"], "untouched");
        var container = await DockerAsync("run", "-d", "busybox", "sh", "-c",
            $"mkdir -p /w && ln -s /../../../../../../.. /w/up && ln -s {files.Path} /w/host && mkdir -p {files.Path} && echo inside > {files.Path}/victim && sleep 600");
        await Host.EventuallyAsync(
            async () => (await Daemon.Docker("exec", container, "cat", $"{files.Path}/victim").RunAsync()).ExitCode == 0, "the container made its links");

        await DockerAsync("cp", files["evil"], $"{container}:/w/host/victim");
        await DockerAsync("cp", $"{container}:/w/host/victim", files["read"]);
        await DockerAsync("cp", $"{container}:/w/up/bin/busybox", files["busybox"]);

        Assert.Equal("untouched", await File.ReadAllTextAsync(files["victim"]));
        Assert.Equal("overwritten", await File.ReadAllTextAsync(files["read"]));
        await DockerAsync("rm", "-f", container);
    }

    [Fact]
    public async Task Cp_OfWhatIsNotThere_SaysSo()
    {
        var container = await ContainerAsync(isRunning: false, "cp-missing");

        var from = (await Daemon.Docker("cp", $"{container}:/no/such", "-").RunAsync()).Expect(1);
        var into = (await Daemon.Docker("cp", "/etc/hostname", $"{container}:/no/such/dir/").RunAsync()).Expect(1);

        Assert.Contains("Could not find the file /no/such in container", from.Error, StringComparison.Ordinal);
        Assert.Contains("no such directory", into.Error, StringComparison.Ordinal);
        await DockerAsync("rm", container);
    }

    [Fact]
    public async Task Diff_TellsWhatTheContainerChanged_AndNothingOfTheEngine()
    {
        var container = await DockerAsync("run", "-d", "-v", "/made/for/volume", "busybox", "sh", "-c", "echo a > /new; rm /bin/vi; mkdir /dir; echo b > /dir/file; sleep 600");
        await Host.EventuallyAsync(async () => (await Daemon.Docker("exec", container, "cat", "/dir/file").RunAsync()).ExitCode == 0, "the files are there");

        var diff = await DockerAsync("diff", container);

        Assert.Equal(["C /bin", "D /bin/vi", "A /dir", "A /dir/file", "A /new"], diff.Split('\n'));
        await DockerAsync("rm", "-f", "-v", container);
    }

    [Fact]
    public async Task Export_ThenImport_GivesTheTreeWithoutVolumes()
    {
        var container = await DockerAsync("run", "-d", "-v", "/vol", "busybox", "sh", "-c", "echo kept > /kept; echo lost > /vol/lost; rm /bin/vi; sleep 600");
        await Host.EventuallyAsync(async () => (await Daemon.Docker("exec", container, "cat", "/vol/lost").RunAsync()).ExitCode == 0, "the files are there");
        using var files = new TemporaryDirectory();

        await DockerAsync("export", "-o", files["tree.tar"], container);
        await DockerAsync("import", files["tree.tar"], "exported:1");

        Assert.Equal("kept", await DockerAsync("run", "--rm", "exported:1", "cat", "/kept"));
        Assert.Equal("gone", await DockerAsync("run", "--rm", "exported:1", "sh", "-c", "ls /vol; [ -e /bin/vi ] || echo gone"));
        await DockerAsync("rm", "-f", "-v", container);
        await DockerAsync("rmi", "exported:1");
    }

    [Fact]
    public async Task Commit_KeepsFilesDeletionsAndConfiguration()
    {
        var container = await DockerAsync("run", "-d", "-e", "FROM=container", "--label", "a=b", "busybox", "sh", "-c",
            "echo made > /made; chown 7:8 /made; rm /bin/vi; rm -rf /tmp; mkdir -m 1777 /tmp; touch /tmp/mine; sleep 600");
        await Host.EventuallyAsync(async () => (await Daemon.Docker("exec", container, "ls", "/tmp/mine").RunAsync()).ExitCode == 0, "the files are there");

        var id = await DockerAsync("commit", "-a", "me", "-m", "why", "-c", "CMD [\"cat\", \"/made\"]", "-c", "ENV FURTHER=1", container, "committed:2");

        Assert.Equal(id, await DockerAsync("inspect", "-f", "{{.Id}}", "committed:2"));
        Assert.Equal("made", await DockerAsync("run", "--rm", "committed:2"));
        Assert.Equal("7 8 1777 container 1", await DockerAsync("run", "--rm", "committed:2", "sh", "-c", "[ -e /bin/vi ] || echo $(stat -c '%u %g' /made) $(stat -c %a /tmp) $FROM $FURTHER"));
        Assert.Equal("me why b", await DockerAsync("inspect", "-f", "{{.Author}} {{.Comment}} {{.Config.Labels.a}}", "committed:2"));
        Assert.Equal("running", await DockerAsync("inspect", "-f", "{{.State.Status}}", container));
        Assert.Contains("why", await DockerAsync("history", "--no-trunc", "--format", "{{.Comment}}", "committed:2"), StringComparison.Ordinal);
        await DockerAsync("rm", "-f", container);
        await DockerAsync("rmi", "committed:2");
    }

    [Fact]
    public async Task Commit_OfAnUnchangedContainer_AddsNoLayer()
    {
        var container = await ContainerAsync(isRunning: true, "unchanged");

        await DockerAsync("commit", "-c", "LABEL only=label", container, "relabelled:1");

        Assert.Equal(
            await DockerAsync("inspect", "-f", "{{.RootFS.Layers}}", "busybox"), await DockerAsync("inspect", "-f", "{{.RootFS.Layers}}", "relabelled:1"));
        Assert.Equal("label", await DockerAsync("inspect", "-f", "{{.Config.Labels.only}}", "relabelled:1"));
        await DockerAsync("rm", "-f", container);
        await DockerAsync("rmi", "relabelled:1");
    }

    [Fact]
    public async Task PutArchive_WithHostileNames_WritesNothingOutside()
    {
        var container = await ContainerAsync(isRunning: true, "hostile-put");
        using var files = new TemporaryDirectory();
        (await new Command("python3", "-c", $"""
            import tarfile, io
            t = tarfile.open("{files["evil.tar"]}", "w")
            def add(name, kind=tarfile.REGTYPE, link=""):
                i = tarfile.TarInfo(name); i.type = kind; i.linkname = link; data = b"evil"; i.size = len(data) if kind == tarfile.REGTYPE else 0
                t.addfile(i, io.BytesIO(data) if kind == tarfile.REGTYPE else None)
            add("way", tarfile.SYMTYPE, "/../../..{files.Path}")
            add("way/escaped")
            t.close()
            """).RunAsync()).Expect(0);

        await new Command("sh", "-c", $"docker cp - {container}:/tmp < {files["evil.tar"]}").With("DOCKER_HOST", $"unix://{Daemon.Socket}").RunAsync();

        Assert.False(File.Exists(files["escaped"]));
        await DockerAsync("rm", "-f", container);
    }

    [Fact]
    public async Task HeadArchive_DescribesThePath()
    {
        var container = await ContainerAsync(isRunning: false, "stat-path");

        using var reply = await Daemon.Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, new Uri($"http://berth/containers/{container}/archive?path=/bin/busybox")));

        Assert.True(reply.IsSuccessStatusCode);
        var stat = Encoding.UTF8.GetString(Convert.FromBase64String(Assert.Single(reply.Headers.GetValues("X-Docker-Container-Path-Stat"))));
        Assert.Contains("\"name\":\"busybox\"", stat, StringComparison.Ordinal);
        Assert.Contains("\"mode\":493", stat, StringComparison.Ordinal);
        await DockerAsync("rm", container);
    }

    private async Task<string> ContainerAsync(bool isRunning, string name, params string[] options)
        => isRunning
            ? await DockerAsync(["run", "-d", "--name", name, .. options, "busybox", "sleep", "600"])
            : await DockerAsync(["create", "--name", name, .. options, "busybox", "sleep", "600"]);
}
