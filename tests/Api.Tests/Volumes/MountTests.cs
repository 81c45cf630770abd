using System.Text.Json;
using Berth.Api.Tests.DockerCli;
using Berth.Kit;

namespace Berth.Api.Tests.Volumes;

/// <summary>-v, --mount, --tmpfs and --volumes-from, as a container sees them.</summary>
public sealed class MountTests(DaemonFixture fixture) : DockerCliTest(fixture), IAsyncLifetime
{
    private readonly TemporaryDirectory _scratch = new();

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_scratch["src/below"]);
        await File.WriteAllTextAsync(_scratch["src/f"], "content");
        if (await DockerAsync("images", "-q", LayeredImage.Name) == "")
        {
            await LayeredImage.LoadAsync(Daemon, _scratch);
        }
    }

    public ValueTask DisposeAsync()
    {
        _scratch.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task NewVolume_StartsWithWhatTheImageHasThere()
    {
        var seen = await DockerAsync("run", "--rm", "-v", "filled:/data", LayeredImage.Name, "busybox", "sh", "-c",
            "ls -ld /data | cut -c1-10; ls -nd /data | awk '{print $3, $4}'; ls -A /data; cat /data/below /data/above; stat -c %i /data/below /data/hard | uniq | wc -l; stat -c '%a %u' /data/above; readlink /data/soft; ls /data/sub");

        Assert.Equal("drwxr-x---\n33 44\nabove\nbelow\nhard\nsoft\nsub\nbelowabove1\n4755 7\nbelow\nnew\nold", seen);
        await DockerAsync("run", "--rm", "-v", "filled:/data", LayeredImage.Name, "busybox", "sh", "-c", "rm -r /data/* && echo mine > /data/own");
        Assert.Equal("own", await DockerAsync("run", "--rm", "-v", "filled:/data", LayeredImage.Name, "busybox", "ls", "-A", "/data"));
        Assert.Equal("", await DockerAsync("run", "--rm", "-v", "bare:/data:nocopy", LayeredImage.Name, "busybox", "ls", "-A", "/data"));
        Assert.Equal("above\nbelow\nhard\nsoft\nsub", await DockerAsync(
            "run", "--rm", "--mount", "type=volume,src=ram,dst=/data,volume-opt=type=tmpfs,volume-opt=device=tmpfs", LayeredImage.Name, "busybox", "ls", "-A", "/data"));
        await DockerAsync("volume", "rm", "filled", "bare", "ram");
    }

    [Fact]
    public async Task Subpath_OfAVolume_LeadsNowhereElse()
    {
        await DockerAsync("run", "--rm", "-v", "parts:/p", "busybox", "sh", "-c", "mkdir -p /p/a/b; echo in > /p/a/b/f; ln -s /etc /p/out; ln -s a/b /p/in");

        Assert.Equal("in", await DockerAsync("run", "--rm", "--mount", "type=volume,src=parts,dst=/x,volume-subpath=a/b", "busybox", "cat", "/x/f"));
        Assert.Equal("in", await DockerAsync("run", "--rm", "--mount", "type=volume,src=parts,dst=/x,volume-subpath=in", "busybox", "cat", "/x/f"));
        foreach (var path in (string[])["out", "missing"])
        {
            var result = await Daemon.Docker("run", "--rm", "--mount", $"type=volume,src=parts,dst=/x,volume-subpath={path}", "busybox", "true").RunAsync();
            Assert.Contains($"cannot access path {path} of volume parts", result.Error, StringComparison.Ordinal);
            Assert.NotEqual(0, result.ExitCode);
        }

        await DockerAsync("volume", "rm", "parts");
    }

    [Fact]
    public async Task Inspect_ShowsEachMountAsDockerDoes()
    {
        await DockerAsync("create", "--name", "shown", "-v", $"{_scratch["src"]}:/bind:ro,z", "-v", "vol:/volume", "-v", "/alone", "--tmpfs", "/hidden",
            "--mount", "type=tmpfs,dst=/tmpfs", "--mount", $"type=bind,src={_scratch["src"]},dst=/mount,bind-propagation=private", "--mount", "type=image,src=layered,dst=/image", "busybox", "true");

        var mounts = JsonDocument.Parse(await DockerAsync("inspect", "-f", "{{json .Mounts}}", "shown")).RootElement.EnumerateArray()
            .ToDictionary(mount => mount.GetProperty("Destination").GetString()!, mount => mount);

        Assert.Equal(["/alone", "/bind", "/image", "/mount", "/tmpfs", "/volume"], mounts.Keys.Order(StringComparer.Ordinal));
        Assert.Equal($$"""{"Type":"bind","Source":"{{_scratch["src"]}}","Destination":"/bind","Mode":"ro,z","RW":false,"Propagation":"rprivate"}""", mounts["/bind"].GetRawText());
        Assert.Equal($$"""{"Type":"bind","Source":"{{_scratch["src"]}}","Destination":"/mount","Mode":"","RW":true,"Propagation":"private"}""", mounts["/mount"].GetRawText());
        Assert.Equal($$"""{"Type":"volume","Name":"vol","Source":"{{Daemon.DataRoot}}/volumes/vol/_data","Destination":"/volume","Driver":"local","Mode":"z","RW":true,"Propagation":""}""", mounts["/volume"].GetRawText());
        Assert.Equal("""{"Type":"tmpfs","Source":"","Destination":"/tmpfs","Mode":"","RW":true,"Propagation":""}""", mounts["/tmpfs"].GetRawText());
        Assert.Equal("", mounts["/alone"].GetProperty("Mode").GetString());
        Assert.Equal("layered", mounts["/image"].GetProperty("Name").GetString());
        Assert.False(mounts["/image"].GetProperty("RW").GetBoolean());
        await DockerAsync("rm", "-v", "shown");
        await DockerAsync("volume", "rm", "vol");
    }

    [Fact]
    public async Task Bind_OfAMissingSource_IsMadeByOneOptionAndRefusedByTheOther()
    {
        await DockerAsync("run", "--rm", "-v", $"{_scratch["made/by/it"]}:/x", "busybox", "touch", "/x/f");
        Assert.True(File.Exists(_scratch["made/by/it/f"]));

        Assert.Contains($"invalid mount config for type \"bind\": bind source path does not exist: {_scratch["missing"]}",
            (await Daemon.Docker("create", "--mount", $"type=bind,src={_scratch["missing"]},dst=/x", "busybox").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        Assert.False(Path.Exists(_scratch["missing"]));

        Assert.Contains("error while creating mount source path",
            (await Daemon.Docker("run", "--rm", "-v", $"{_scratch["src/f"]}/below:/x", "busybox", "true").RunAsync()).Expect(125).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bind_OfAFile_AndOfADirectoryInAnother_AreWhatTheyAre()
    {
        Assert.Equal("content\nbelow\nf", await DockerAsync(
            "run", "--rm", "-v", $"{_scratch["src"]}:/x/y", "-v", $"{_scratch["src/f"]}:/file", "-v", "inner:/x", "busybox", "sh", "-c", "cat /file; echo; ls /x/y"));
        await DockerAsync("volume", "rm", "inner");
    }

    [Fact]
    public async Task ReadOnlyBind_ReachesTheMountsBelowUnlessToldNotTo()
    {
        (await new Command("mount", "-t", "tmpfs", "below", _scratch["src/below"]).RunAsync()).Expect(0);
        try
        {
            var source = _scratch["src"];
            await Refuses("-v", $"{source}:/x:ro");
            await Refuses("--mount", $"type=bind,src={source},dst=/x,ro,bind-recursive=readonly,bind-propagation=rprivate");
            await DockerAsync("run", "--rm", "--mount", $"type=bind,src={source},dst=/x,ro,bind-recursive=writable", "busybox", "touch", "/x/below/f");
            Assert.Equal("f", await DockerAsync("run", "--rm", "-v", $"{source}:/x", "busybox", "ls", "/x/below"));
            Assert.Equal("", await DockerAsync("run", "--rm", "--mount", $"type=bind,src={source},dst=/x,bind-recursive=disabled", "busybox", "ls", "/x/below"));
        }
        finally
        {
            (await new Command("umount", _scratch["src/below"]).RunAsync()).Expect(0);
        }

        async Task Refuses(params string[] mount)
            => Assert.Contains("Read-only", (await Daemon.Docker(["run", "--rm", .. mount, "busybox", "touch", "/x/below/g"]).RunAsync()).Expect(1).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Propagation_NeedsASourceThatHasIt_AndThenWorks()
    {
        var source = _scratch["src"];
        (await new Command("mount", "--bind", source, source).RunAsync()).Expect(0);
        try
        {
            (await new Command("mount", "--make-rprivate", source).RunAsync()).Expect(0);
            Assert.Contains($"path {source} is mounted on {source} but it is not a shared mount",
                (await Daemon.Docker("run", "--rm", "-v", $"{source}:/x:rshared", "busybox", "true").RunAsync()).Expect(125).Error, StringComparison.Ordinal);
            Assert.Contains($"path {source} is mounted on {source} but it is not a shared or slave mount",
                (await Daemon.Docker("run", "--rm", "-v", $"{source}:/x:rslave", "busybox", "true").RunAsync()).Expect(125).Error, StringComparison.Ordinal);

            (await new Command("mount", "--make-rshared", source).RunAsync()).Expect(0);
            await DockerAsync("run", "-d", "--name", "watching", "-v", $"{source}:/slave:rslave", "-v", $"{source}:/private", "busybox", "sleep", "600");
            await DockerAsync("run", "--rm", "--privileged", "-v", $"{source}:/x:rshared", "busybox", "mount", "-t", "tmpfs", "fromInside", "/x/below");

            Assert.Contains("fromInside", await File.ReadAllTextAsync("/proc/self/mountinfo"), StringComparison.Ordinal);
            var inside = await DockerAsync("exec", "watching", "cat", "/proc/mounts");
            Assert.Contains("fromInside /slave/below", inside, StringComparison.Ordinal);
            Assert.DoesNotContain("/private/below", inside, StringComparison.Ordinal);
            await DockerAsync("rm", "-f", "watching");
            (await new Command("umount", _scratch["src/below"]).RunAsync()).Expect(0);
        }
        finally
        {
            (await new Command("umount", source).RunAsync()).Expect(0);
        }
    }

    [Fact]
    public async Task Tmpfs_HasItsSizeModeAndOptions()
    {
        Assert.Equal("drwx------ 1024 noexec", await DockerAsync("run", "--rm", "--tmpfs", "/t:size=1m,mode=700", "busybox", "sh", "-c",
            "echo $(ls -ld /t | cut -c1-10) $(df -k /t | awk 'NR==2{print $2}') $(grep -o noexec /proc/mounts | head -1)"));
        Assert.Equal("drwxrwxrwt 2048", await DockerAsync("run", "--rm", "--mount", "type=tmpfs,dst=/t,tmpfs-size=2m,tmpfs-mode=1777", "busybox", "sh", "-c",
            "echo $(ls -ld /t | cut -c1-10) $(df -k /t | awk 'NR==2{print $2}')"));
        Assert.Equal("ran", await DockerAsync("run", "--rm", "--tmpfs", "/t:exec", "busybox", "sh", "-c", "cp /bin/busybox /t/echo && /t/echo ran"));
    }

    [Fact]
    public async Task VolumesFrom_TakesTheMountsOver_BehindTheContainersOwn()
    {
        await DockerAsync("create", "--name", "giver", "-v", "/data", "-v", $"{_scratch["src"]}:/bind:ro", "-v", "given:/given", "--tmpfs", "/own", LayeredImage.Name, "true");

        // The image wants a volume at /implied too: the giver's has to win over a new one.
        Assert.Equal(
            await DockerAsync("inspect", "-f", "{{range .Mounts}}{{if eq .Destination \"/implied\"}}{{.Name}}{{end}}{{end}}", "giver"),
            await ImpliedOfAsync("taker", "--volumes-from", "giver"));
        Assert.Equal("/bind:false /data:false /given:false /implied:false ", await MountsOfAsync("reader", "--volumes-from", "giver:ro"));
        Assert.Equal("/bind:true /data:true /given:true /implied:true ", await MountsOfAsync("mixed", "--volumes-from", "giver", "-v", $"{_scratch["src"]}:/bind"));
        Assert.Equal("above\nbelow\nhard\nsoft\nsub", await DockerAsync("run", "--rm", "--volumes-from", "giver", "busybox", "ls", "/data"));
        Assert.Contains("No such container: nobody", (await Daemon.Docker("create", "--volumes-from", "nobody", "busybox").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        await DockerAsync("rm", "-v", "giver", "taker", "reader", "mixed");
        await DockerAsync("volume", "rm", "given");
    }

    [Fact]
    public async Task ImageMount_IsTheMergedImage_ReadOnly_AndKeepsIt()
    {
        await DockerAsync("tag", LayeredImage.Name, "mounted:1");
        Assert.Equal("above\nbelow\nhard\nsoft\nsub", await DockerAsync("run", "--rm", "--mount", "type=image,src=layered,dst=/i", "busybox", "ls", "/i/data"));
        Assert.Equal("above\nbelow\nhard\nsoft\nsub", await DockerAsync("run", "--rm", "--mount", "type=image,src=layered,dst=/i,image-subpath=way", "busybox", "ls", "/i"));
        Assert.Equal("new\nold", await DockerAsync("run", "--rm", "--mount", "type=image,src=layered,dst=/i,image-subpath=data/sub", "busybox", "ls", "/i"));
        Assert.Equal("just a file", await DockerAsync("run", "--rm", "--mount", "type=image,src=layered,dst=/i,image-subpath=file", "busybox", "cat", "/i"));
        foreach (var place in (string[])["/i", "/i/data"])
        {
            Assert.Contains("Read-only", (await Daemon.Docker("run", "--rm", "--privileged", "--mount", "type=image,src=layered,dst=/i", "busybox", "sh", "-c", $"mount -o remount,rw /i; touch {place}/f").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        }

        Assert.Contains("cannot access path data/deleted of image layered", (await Daemon.Docker("create", "--mount", "type=image,src=layered,dst=/i,image-subpath=data/deleted", "busybox").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        Assert.Contains("No such image: nowhere:latest", (await Daemon.Docker("create", "--mount", "type=image,src=nowhere,dst=/i", "busybox").RunAsync()).Expect(1).Error, StringComparison.Ordinal);

        await DockerAsync("create", "--name", "holder", "--mount", "type=image,src=mounted:1,dst=/i", "busybox", "true");
        await DockerAsync("rmi", LayeredImage.Name);
        Assert.Contains("conflict", (await Daemon.Docker("rmi", "mounted:1").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        await DockerAsync("tag", "mounted:1", LayeredImage.Name);
        await DockerAsync("rm", "holder");
        await DockerAsync("rmi", "mounted:1");
    }

    [Fact]
    public async Task Bind_OfWhatHoldsTheDataRoot_FollowsIt()
    {
        await DockerAsync("create", "--name", "seeing", "-v", "/:/host:ro", "busybox", "true");
        Assert.Equal("rslave", await DockerAsync("inspect", "-f", "{{(index .Mounts 0).Propagation}}", "seeing"));
        await DockerAsync("start", "seeing");
        await DockerAsync("rm", "-f", "seeing");

        Assert.Contains("must use either propagation mode \"rslave\" or \"rshared\" when mount source is within the daemon root",
            (await Daemon.Docker("create", "-v", "/:/host:rprivate", "busybox").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Duplicate mount point: /x", "-v", "one:/x", "-v", "two:/x")]
    [InlineData("Duplicate mount point: /x", "-v", "one:/x", "--tmpfs", "/x/")]
    [InlineData("destination can't be '/'", "-v", "one:/")]
    [InlineData("invalid mode: zz", "-v", "one:/x:zz")]
    [InlineData("only the driver \"local\" is available", "--volume-driver", "other", "-v", "one:/x")]
    [InlineData("invalid tmpfs option [\"size=big\"]", "--tmpfs", "/x:size=big")]
    public async Task Create_WithABadMount_MakesNothing(string words, params string[] options)
    {
        var result = (await Daemon.Docker(["create", "--name", "nothing", .. options, "busybox"]).RunAsync()).Expect(1);

        Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.Equal("", await DockerAsync("ps", "-aq", "--filter", "name=nothing"));
        Assert.Equal("", await DockerAsync("volume", "ls", "-q", "--filter", "name=one"));
    }

    [Fact]
    public async Task Create_ThatFailsAfterItsVolumesWereMade_TakesThemBack()
    {
        Assert.Contains("does not exist", (await Daemon.Docker("create", "-v", "aa-early:/a", "-v", "/anonymous", "--mount", "type=bind,src=/no/where,dst=/z/z", "busybox").RunAsync()).Expect(1).Error, StringComparison.Ordinal);

        Assert.Equal("", await DockerAsync("volume", "ls", "-q", "--filter", "name=aa-early"));
    }

    private async Task<string> MountsOfAsync(string name, params string[] options)
    {
        await DockerAsync(["create", "--name", name, .. options, LayeredImage.Name, "true"]);
        return await DockerAsync("inspect", "-f", "{{range .Mounts}}{{.Destination}}:{{.RW}} {{end}}", name);
    }

    private async Task<string> ImpliedOfAsync(string name, params string[] options)
    {
        await DockerAsync(["create", "--name", name, .. options, LayeredImage.Name, "true"]);
        return await DockerAsync("inspect", "-f", "{{range .Mounts}}{{if eq .Destination \"/implied\"}}{{.Name}}{{end}}{{end}}", name);
    }
}
