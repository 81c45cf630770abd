using System.Text.Json;
using Berth.Api.Tests.DockerCli;

namespace Berth.Api.Tests.Volumes;

/// <summary>docker volume, and what a volume is to the containers that use it.</summary>
public sealed class VolumeCommandTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    [Fact]
    public async Task Create_WithNameAndLabels_IsSeenByInspectAndList()
    {
        Assert.Equal("named", await DockerAsync("volume", "create", "--label", "tier=db", "named"));
        Assert.Equal("named", await DockerAsync("volume", "create", "--label", "tier=other", "named")); // there already, and stays as it is

        var volume = JsonDocument.Parse(await DockerAsync("volume", "inspect", "named")).RootElement[0];
        Assert.Equal("local", volume.GetProperty("Driver").GetString());
        Assert.Equal("local", volume.GetProperty("Scope").GetString());
        Assert.Equal("db", volume.GetProperty("Labels").GetProperty("tier").GetString());
        Assert.Equal(JsonValueKind.Null, volume.GetProperty("Options").ValueKind);
        Assert.True(Directory.Exists(volume.GetProperty("Mountpoint").GetString()));
        Assert.Equal("named", await DockerAsync("volume", "ls", "-q", "--filter", "label=tier=db"));
        Assert.Equal("", await DockerAsync("volume", "ls", "-q", "--filter", "label=tier=other"));
        Assert.Equal("named", await DockerAsync("volume", "ls", "-q", "--filter", "name=^nam"));
        Assert.Equal("", await DockerAsync("volume", "ls", "-q", "--filter", "driver=other"));
        Assert.Equal("named", await DockerAsync("volume", "rm", "named"));
    }

    [Fact]
    public async Task Create_WithoutName_IsAnonymous()
    {
        var name = await DockerAsync("volume", "create");

        Assert.Equal(64, name.Length);
        Assert.Equal("{\"com.docker.volume.anonymous\":\"\"}", await DockerAsync("volume", "inspect", "-f", "{{json .Labels}}", name));
        await DockerAsync("volume", "rm", name);
    }

    [Theory]
    [InlineData("create x: volume name is too short", "create", "x")]
    [InlineData("includes invalid characters for a local volume name", "create", "a/b")]
    [InlineData("plugin \"glow\" not found", "create", "-d", "glow", "some")]
    [InlineData("invalid option: \"bogus\"", "create", "-o", "bogus=1", "some")]
    [InlineData("missing required option: \"type\"", "create", "-o", "device=/x", "some")]
    [InlineData("no file system of that type", "create", "-o", "type=nosuchfs", "-o", "device=x", "some")]
    [InlineData("get missing: no such volume", "rm", "missing")]
    [InlineData("get missing: no such volume", "inspect", "missing")]
    [InlineData("invalid filter 'colour'", "ls", "--filter", "colour=red")]
    public async Task Command_ThatCantBeDone_SaysWhy(string words, params string[] arguments)
    {
        var result = (await Daemon.Docker(["volume", .. arguments]).RunAsync()).Expect(1);

        Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.Equal("", await DockerAsync("volume", "ls", "-q", "--filter", "name=some"));
    }

    [Fact]
    public async Task Remove_WhatAContainerUses_ConflictsUntilItIsGone()
    {
        var id = await DockerAsync("create", "--name", "user", "-v", "used:/x", "busybox", "true");

        var result = (await Daemon.Docker("volume", "rm", "-f", "used").RunAsync()).Expect(1);

        Assert.Contains($"remove used: volume is in use - [{id}]", result.Error, StringComparison.Ordinal);
        Assert.Equal("used", await DockerAsync("volume", "ls", "-q", "--filter", "dangling=false", "--filter", "name=used"));
        Assert.Equal("user", await DockerAsync("ps", "-a", "--filter", "volume=used", "--format", "{{.Names}}"));
        Assert.Equal("user", await DockerAsync("ps", "-a", "--filter", "volume=/x", "--format", "{{.Names}}"));
        await DockerAsync("rm", "-v", "user");
        Assert.Equal("used", await DockerAsync("volume", "ls", "-q", "--filter", "dangling=true", "--filter", "name=used"));
        await DockerAsync("volume", "rm", "used");
        await DockerAsync("volume", "rm", "-f", "used");
    }

    [Fact]
    public async Task AnonymousVolume_GoesWithItsContainerOnlyWhenAsked()
    {
        await DockerAsync("create", "--name", "kept", "-v", "/a", "busybox", "true");
        var kept = await DockerAsync("inspect", "-f", "{{(index .Mounts 0).Name}}", "kept");
        await DockerAsync("rm", "kept");
        Assert.Equal(kept, await DockerAsync("volume", "ls", "-q", "--filter", $"name={kept}"));

        await DockerAsync("create", "--name", "first", "-v", "/a", "-v", "stays:/b", "busybox", "true");
        var shared = await DockerAsync("inspect", "-f", "{{range .Mounts}}{{if eq .Destination \"/a\"}}{{.Name}}{{end}}{{end}}", "first");
        await DockerAsync("create", "--name", "second", "--volumes-from", "first", "busybox", "true");
        await DockerAsync("rm", "-v", "first");
        Assert.Equal(shared, await DockerAsync("volume", "ls", "-q", "--filter", $"name={shared}"));
        await DockerAsync("rm", "-v", "second");
        Assert.Equal("", await DockerAsync("volume", "ls", "-q", "--filter", $"name={shared}"));
        Assert.Equal("stays", await DockerAsync("volume", "ls", "-q", "--filter", "name=stays"));

        await DockerAsync("run", "--rm", "-v", "/gone", "--label", "x=y", "busybox", "true");
        Assert.Contains(kept, await DockerAsync("volume", "prune", "-f"), StringComparison.Ordinal);
        Assert.Equal("stays", await DockerAsync("volume", "ls", "-q", "--filter", "name=stays"));
        Assert.Contains("stays", await DockerAsync("volume", "prune", "-a", "-f"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prune_BeforeAnonymousVolumesWereToldApart_TakesAll()
    {
        await DockerAsync("volume", "create", "older");
        await DockerAsync("volume", "create", "--label", "keep=1", "newer");

        var (status, text) = await Daemon.PostAsync("/v1.41/volumes/prune?filters=" + Uri.EscapeDataString("{\"label!\":[\"keep\"]}"));

        Assert.Equal(200, status);
        Assert.Contains("older", text, StringComparison.Ordinal);
        Assert.DoesNotContain("newer", text, StringComparison.Ordinal);
        await DockerAsync("volume", "rm", "newer");
    }

    [Fact]
    public async Task TmpfsVolume_IsMountedWhileContainersRunWithIt()
    {
        await DockerAsync("volume", "create", "-o", "type=tmpfs", "-o", "device=tmpfs", "-o", "o=size=2m,uid=1000", "memory");
        var place = await DockerAsync("volume", "inspect", "-f", "{{.Mountpoint}}", "memory");
        Assert.False(IsMounted(place));

        await DockerAsync("run", "-d", "--name", "writer", "-v", "memory:/m", "busybox", "sh", "-c", "echo shared > /m/f; sleep 600");
        await Kit.Host.EventuallyAsync(async () => await DockerAsync("run", "--rm", "-v", "memory:/m", "busybox", "sh", "-c", "cat /m/f || true") == "shared", "the other container sees the file");
        Assert.True(IsMounted(place));
        Assert.Contains("2048", await DockerAsync("exec", "writer", "df", "-k", "/m"), StringComparison.Ordinal);

        // Who runs with it keeps it over the daemon's death; what nobody uses any more is taken back.
        await Daemon.KillAsync();
        await Daemon.LaunchAsync();
        Assert.True(IsMounted(place));
        Assert.Equal("shared", await DockerAsync("exec", "writer", "cat", "/m/f"));
        await DockerAsync("rm", "-f", "writer");
        await Kit.Host.EventuallyAsync(() => !IsMounted(place), "it is unmounted after the last container");

        // Told after it is done. There may have been several short-lived readers, and the end of the last may have fallen into the daemon's death.
        await Kit.Host.EventuallyAsync(async () => await EventsOfAsync("memory") is ["create", "mount", .., "unmount"], "mounts and unmounts are told");
        await DockerAsync("volume", "rm", "memory");
    }

    [Fact]
    public async Task BindVolume_ShowsADirectoryOfTheHost()
    {
        using var scratch = new Kit.TemporaryDirectory();
        await File.WriteAllTextAsync(scratch["f"], "from the host");
        await DockerAsync("volume", "create", "-o", "type=none", "-o", $"device={scratch.Path}", "-o", "o=bind,ro", "shown");

        Assert.Equal("from the host", await DockerAsync("run", "--rm", "-v", "shown:/x", "busybox", "cat", "/x/f"));
        Assert.Contains("Read-only", (await Daemon.Docker("run", "--rm", "-v", "shown:/x", "busybox", "touch", "/x/g").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        await DockerAsync("volume", "rm", "shown");
        Assert.True(File.Exists(scratch["f"]));

        await DockerAsync("volume", "create", "-o", "type=none", "-o", "device=/nowhere/at/all", "-o", "o=bind", "lost");
        var failed = (await Daemon.Docker("run", "--rm", "--name", "never", "-v", "lost:/x", "busybox", "true").RunAsync()).Expect(127); // the CLI's reading of "no such file"
        Assert.Contains("failed to mount local volume: mount /nowhere/at/all:", failed.Error, StringComparison.Ordinal);
        Assert.Contains("no such file or directory", failed.Error, StringComparison.Ordinal);
        await DockerAsync("rm", "-f", "never");
        await DockerAsync("volume", "rm", "lost");
    }

    [Fact]
    public async Task Size_WithoutProjectQuotas_IsRefusedAloud()
    {
        Assert.SkipWhen(await HasQuotasAsync(), "this host's data root has project quotas");

        Assert.Contains("quota size requested but no quota support", (await Daemon.Docker("volume", "create", "-o", "size=10m", "limited").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal("", await DockerAsync("volume", "ls", "-q", "--filter", "name=limited"));
        Assert.Contains("--storage-opt is supported only where", (await Daemon.Docker("create", "--name", "limited", "--storage-opt", "size=1G", "-v", "half:/x", "busybox", "true").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        Assert.Equal("", await DockerAsync("ps", "-aq", "--filter", "name=limited"));
        Assert.Equal("", await DockerAsync("volume", "ls", "-q", "--filter", "name=half"));
    }

    [Fact]
    public async Task DiskUsage_CountsVolumesAndTheirUsers()
    {
        await DockerAsync("run", "--name", "counted", "-v", "measured:/x", "busybox", "sh", "-c", "head -c 100000 /dev/zero > /x/f");

        var usage = await Daemon.GetAsync("/system/df?type=volume");

        var volume = usage.GetProperty("Volumes").EnumerateArray().Single(entry => entry.GetProperty("Name").GetString() == "measured");
        Assert.Equal(100000, volume.GetProperty("UsageData").GetProperty("Size").GetInt64());
        Assert.Equal(1, volume.GetProperty("UsageData").GetProperty("RefCount").GetInt64());
        await DockerAsync("rm", "counted");
        await DockerAsync("volume", "rm", "measured");
    }

    [Fact]
    public async Task Restart_OfTheDaemon_KnowsVolumesAndAdoptsDirectories()
    {
        await DockerAsync("volume", "create", "--label", "a=b", "recorded");
        Directory.CreateDirectory(Path.Combine(Daemon.DataRoot, "volumes", "brought", "_data"));

        await Daemon.KillAsync();
        await Daemon.LaunchAsync();

        Assert.Equal("b", await DockerAsync("volume", "inspect", "-f", "{{.Labels.a}}", "recorded"));
        Assert.Equal("brought", await DockerAsync("volume", "ls", "-q", "--filter", "name=brought"));
        await DockerAsync("volume", "rm", "recorded", "brought");
    }

    [Fact]
    public async Task Remove_WithSomebodysMountBelow_LeavesItAlone()
    {
        await DockerAsync("volume", "create", "covered");
        var place = await DockerAsync("volume", "inspect", "-f", "{{.Mountpoint}}", "covered");
        (await new Kit.Command("mount", "-t", "tmpfs", "theirs", place).RunAsync()).Expect(0);
        try
        {
            Assert.Contains("unmount it first", (await Daemon.Docker("volume", "rm", "covered").RunAsync()).Expect(1).Error, StringComparison.Ordinal);
        }
        finally
        {
            (await new Kit.Command("umount", place).RunAsync()).Expect(0);
        }

        await DockerAsync("volume", "rm", "covered");
    }

    private async Task<bool> HasQuotasAsync()
    {
        var made = await Daemon.Docker("volume", "create", "-o", "size=10m", "probe").RunAsync();
        await DockerAsync("volume", "rm", "-f", "probe");
        return made.ExitCode == 0;
    }

    private async Task<string[]> EventsOfAsync(string volume)
        => (await DockerAsync("events", "--since", "0", "--until", "0s", "--filter", $"volume={volume}", "--format", "{{.Action}}")).Split('\n');

    private static bool IsMounted(string place) => File.ReadLines("/proc/self/mountinfo").Any(line => line.Contains($" {place} ", StringComparison.Ordinal));
}
