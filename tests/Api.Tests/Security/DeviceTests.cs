using Berth.Kit;

namespace Berth.Api.Tests.Security;

/// <summary>Devices and security options as the docker command line gives them.</summary>
public sealed class DeviceTests
{
    [Fact]
    public async Task Devices_AndSecurityOptions_AreWhatWasAskedFor()
    {
        Assert.SkipUnless(Host.IsRoot && Host.Programs is not null && Host.Find("docker") is not null, "needs root, published programs and the docker CLI");
        using var directory = new TemporaryDirectory();
        await File.WriteAllTextAsync(directory["one.yaml"], """
            cdiVersion: 0.6.0
            kind: example.com/dev
            containerEdits:
              env: ["CDI_FILE=yes"]
            devices:
            - name: full
              containerEdits:
                env: ["CDI_DEVICE=full"]
                additionalGids: [4242]
                deviceNodes: [{path: /dev/cdifull, hostPath: /dev/full, permissions: rw}]
                mounts: [{hostPath: /etc/hostname, containerPath: /cdi/hostname}]
            """);
        await File.WriteAllTextAsync(directory["broken.json"], "{");
        await using var daemon = await TestDaemon.StartAsync("--cdi-spec-dir", directory.Path);
        async Task<CommandResult> RunAsync(params string[] arguments) => await daemon.Docker(["run", "--rm", .. arguments]).RunAsync();

        var cdi = await RunAsync("--device", "example.com/dev=full", "busybox", "sh", "-c", "echo $CDI_FILE $CDI_DEVICE; stat -c %t:%T /dev/cdifull; id -G; ls /cdi; echo x 2>&1 > /dev/cdifull || echo refused");
        Assert.Equal(["yes full", "1:7", "0 4242", "hostname", "refused"], cdi.Expect(0).Text.Split('\n').Select(line => line.Contains("No space", StringComparison.Ordinal) ? "refused" : line).Distinct());
        Assert.Contains("unresolvable CDI devices example.com/dev=none", (await RunAsync("--device", "example.com/dev=none", "busybox", "true")).Error, StringComparison.Ordinal);
        Assert.Contains($"[{directory.Path}]", (await daemon.Docker("info", "-f", "{{.CDISpecDirs}}").RunAsync()).Expect(0).Text, StringComparison.Ordinal);
        Assert.Contains("broken.json", daemon.Log, StringComparison.Ordinal);
        Assert.Contains("could not select device driver \"\" with capabilities: [[gpu]]", (await RunAsync("--gpus", "all", "busybox", "true")).Error, StringComparison.Ordinal);

        Assert.Equal("1:5", (await RunAsync("--device", "/dev/zero:/dev/other:r", "busybox", "stat", "-c", "%t:%T", "/dev/other")).Expect(0).Text);
        Assert.Contains("no such file or directory", (await RunAsync("--device", "/dev/no-such", "busybox", "true")).Error, StringComparison.Ordinal);
        Assert.Equal("ok", (await RunAsync("--device-cgroup-rule", "c 10:200 rw", "busybox", "sh", "-c", "mknod /t c 10 200 && echo ok")).Expect(0).Text);
        Assert.Contains("invalid device cgroup rule format", (await daemon.PostAsync("/containers/create", """{"Image":"busybox","HostConfig":{"DeviceCgroupRules":["x 1:1 r"]}}""")).Text, StringComparison.Ordinal);

        Assert.Equal("1", (await RunAsync("--security-opt", "no-new-privileges", "busybox", "sh", "-c", "grep NoNewPrivs /proc/self/status | cut -f2")).Expect(0).Text);
        Assert.Equal("0", (await RunAsync("--security-opt", "seccomp=unconfined", "busybox", "sh", "-c", "grep Seccomp: /proc/self/status | cut -f2")).Expect(0).Text);
        (await RunAsync("--security-opt", "apparmor=unconfined", "--security-opt", "label=disable", "--security-opt", "systempaths=unconfined", "busybox", "cat", "/proc/keys")).Expect(0);
        (string Option, string Words)[] refused =
        [
            ("label=type:svirt_t", "no SELinux support"), ("credentialspec=file://x", "Windows containers"), ("systempaths=none", "the value is unconfined"), ("no-such=1", "invalid --security-opt"),
        ];
        foreach (var (option, words) in File.Exists("/sys/module/apparmor/parameters/enabled") ? refused : [.. refused, ("apparmor=mine", "AppArmor is not enabled")])
        {
            var (status, text) = await daemon.PostAsync("/containers/create", $$$"""{"Image":"busybox","HostConfig":{"SecurityOpt":["{{{option}}}"]}}""");
            Assert.Equal(400, status);
            Assert.Contains(words, text, StringComparison.Ordinal);
        }
    }
}
