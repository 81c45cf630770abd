using Berth.Kit;

namespace Berth.Api.Tests.Configuration;

/// <summary>A configuration file in use: its defaults, its reload by SIGHUP, and what happens when it is wrong.</summary>
public sealed class ReloadTests
{
    [Fact]
    public async Task File_GivesDefaults_AndReloadsAsAWholeOrNotAtAll()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null && Host.Find("docker") is not null, "needs root, published programs and the docker CLI");
        using var directory = new TemporaryDirectory();
        var file = directory["berthd.json"];
        await File.WriteAllTextAsync(file, """
            {"labels": ["site=one"], "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 77, "Hard": 99}}, "default-shm-size": "1m", "default-ipc-mode": "shareable", "log-opts": {"max-size": "1m"}}
            """);
        await using var daemon = await TestDaemon.StartAsync("--config-file", file);

        Assert.Equal("77 99", (await daemon.Docker("run", "--rm", "busybox", "sh", "-c", "echo $(ulimit -Sn) $(ulimit -Hn)").RunAsync()).Expect(0).Output.Trim());
        Assert.Contains("1.0M", (await daemon.Docker("run", "--rm", "busybox", "df", "-h", "/dev/shm").RunAsync()).Expect(0).Output, StringComparison.Ordinal);
        (await daemon.Docker("create", "--name", "made", "busybox", "true").RunAsync()).Expect(0);
        Assert.Equal("shareable map[max-size:1m]", (await daemon.Docker("inspect", "-f", "{{.HostConfig.IpcMode}} {{.HostConfig.LogConfig.Config}}", "made").RunAsync()).Expect(0).Output.Trim());

        // Something that can't be reloaded is told, and the rest comes into force.
        await File.WriteAllTextAsync(file, """
            {"labels": ["site=two"], "debug": true, "insecure-registries": ["r.lan:5000"], "max-concurrent-downloads": 7, "mtu": 1400, "default-shm-size": "2m"}
            """);
        await HangUpAsync(daemon);
        await Host.EventuallyAsync(async () => await InfoAsync(daemon, "{{.Labels}}") == "[site=two]", "the new labels are in force");
        Assert.Equal("true", await InfoAsync(daemon, "{{.Debug}}"));
        Assert.Contains("r.lan:5000", await InfoAsync(daemon, "{{json .RegistryConfig.IndexConfigs}}"), StringComparison.Ordinal);
        Assert.Contains("2.0M", (await daemon.Docker("run", "--rm", "busybox", "df", "-h", "/dev/shm").RunAsync()).Expect(0).Output, StringComparison.Ordinal);
        Assert.Contains("\\\"mtu\\\" has changed in the configuration file", daemon.Log, StringComparison.Ordinal);
        var soon = TimeProvider.System.GetUtcNow().AddSeconds(1).ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture); // of "0s" the command line makes the second before
        var events = (await daemon.Docker("events", "--since", "1", "--until", soon, "--filter", "type=daemon", "--format", "{{.Action}} {{.Actor.Attributes.debug}} {{.Actor.Attributes.labels}}").RunAsync()).Expect(0).Output;
        Assert.Contains("reload true [\"site=two\"]", events, StringComparison.Ordinal);

        // A wrong file changes nothing, and is named.
        await File.WriteAllTextAsync(file, """{"labels": ["site=three"], "max-concurrent-downloads": 0}""");
        await HangUpAsync(daemon);
        await Host.EventuallyAsync(() => daemon.Log.Contains("not reloaded", StringComparison.Ordinal), "the refusal is logged");
        Assert.Contains(file, daemon.Log, StringComparison.Ordinal);
        Assert.Contains("invalid max-concurrent-downloads", daemon.Log, StringComparison.Ordinal);
        Assert.Equal("[site=two]", await InfoAsync(daemon, "{{.Labels}}"));

        var validate = await new Command(Host.Program("berthd"), "--validate", "--config-file", file).RunAsync();
        Assert.Equal(1, validate.ExitCode);
        Assert.Contains("invalid max-concurrent-downloads", validate.Error, StringComparison.Ordinal);
    }

    private static async Task HangUpAsync(TestDaemon daemon) => (await new Command("kill", "-HUP", $"{daemon.Pid}").RunAsync()).Expect(0);

    private static async Task<string> InfoAsync(TestDaemon daemon, string format) => (await daemon.Docker("info", "-f", format).RunAsync()).Expect(0).Output.Trim();
}
