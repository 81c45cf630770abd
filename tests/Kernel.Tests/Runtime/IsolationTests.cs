using Berth.Kit;
using Berth.Shared.Oci;

namespace Berth.Kernel.Tests.Runtime;

/// <summary>What a process inside can see and do.</summary>
public sealed class IsolationTests
{
    [Fact]
    public async Task Run_InNewNamespaces_SeesOnlyItself()
    {
        using var bundle = new RuntimeBundle();

        var seen = await bundle.RunAsync(RuntimeBundle.Shell("echo $$; ps | wc -l; hostname; ls /sys/class/net; grep -c . /proc/self/mountinfo; ls /"));

        var lines = seen.Expect(0).Text.Split('\n');
        Assert.Equal("1", lines[0]);
        Assert.Equal("4", lines[1]); // the head line, sh, ps and wc
        Assert.Equal("berth", lines[2]);
        Assert.Equal("lo", lines[3]);
        Assert.DoesNotContain("rootfs", seen.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("home", lines[5..]);
    }

    [Fact]
    public async Task Run_ByDefault_HasNoMountOfTheHost()
    {
        using var bundle = new RuntimeBundle();

        var mounts = (await bundle.RunAsync(RuntimeBundle.Shell("cat /proc/self/mountinfo"))).Expect(0).Text.Split('\n');

        // Field 5 is the mount point: one "/", and nothing but what the configuration asks for.
        var points = mounts.Select(line => line.Split(' ')[4]).ToList();
        Assert.Single(points, "/");
        Assert.All(points, point => Assert.True(point == "/" || point.StartsWith("/proc", StringComparison.Ordinal) || point.StartsWith("/sys", StringComparison.Ordinal) || point.StartsWith("/dev", StringComparison.Ordinal), point));
    }

    [Fact]
    public async Task Run_WithCapabilities_HasExactlyThose()
    {
        using var bundle = new RuntimeBundle();
        string[] capabilities = ["CAP_CHOWN", "CAP_NET_BIND_SERVICE"];
        var spec = RuntimeBundle.Shell("grep Cap /proc/self/status");

        var seen = await bundle.RunAsync(spec with
        {
            Process = spec.Process! with { Capabilities = new OciCapabilities { Bounding = capabilities, Permitted = capabilities, Effective = capabilities, Inheritable = capabilities, Ambient = ["CAP_CHOWN"] } },
        });

        Assert.Equal(["CapInh:\t0000000000000401", "CapPrm:\t0000000000000401", "CapEff:\t0000000000000401", "CapBnd:\t0000000000000401", "CapAmb:\t0000000000000001"], seen.Expect(0).Text.Split('\n'));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Run_WithSeccomp_RefusesTheCall(bool noNewPrivileges)
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Shell("grep Seccomp: /proc/self/status; mkdir /made");
        spec = spec with
        {
            Process = spec.Process! with { NoNewPrivileges = noNewPrivileges },
            Linux = spec.Linux! with
            {
                Seccomp = new OciSeccomp { DefaultAction = "SCMP_ACT_ALLOW", Syscalls = [new OciSyscallRule { Names = ["mkdir", "mkdirat"], Action = "SCMP_ACT_ERRNO", ErrnoRet = 1 }] },
            },
        };

        var seen = await bundle.RunAsync(spec);

        Assert.Equal("Seccomp:\t2", seen.Text);
        Assert.Contains("Operation not permitted", seen.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_AsUser_HasItsGroupsAndNoCapabilities()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Shell("id -u; id -G; grep CapEff /proc/self/status; umask");

        var seen = await bundle.RunAsync(spec with { Process = spec.Process! with { User = new OciUser { Uid = 1000, Gid = 1001, AdditionalGids = [5, 7], Umask = 0x3F } } });

        Assert.Equal(["1000", "1001 5 7", "CapEff:\t0000000000000000", "0077"], seen.Expect(0).Text.Split('\n'));
    }

    [Fact]
    public async Task Run_WithMaskedPaths_HidesFilesAndDirectories()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Shell("cat /proc/interrupts | wc -c; ls /secrets; cat /secret.txt; echo x > /secrets/y");
        Directory.CreateDirectory(bundle.Path["rootfs/secrets"]);
        File.WriteAllText(bundle.Path["rootfs/secrets/key"], "hidden");
        File.WriteAllText(bundle.Path["rootfs/secret.txt"], "hidden");

        var seen = await bundle.RunAsync(spec with { Linux = spec.Linux! with { MaskedPaths = ["/proc/interrupts", "/secrets", "/secret.txt", "/missing"] } });

        Assert.Equal("0", seen.Text);
        Assert.Contains("Read-only file system", seen.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WithReadonlyPaths_RefusesWriting()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Shell("echo 1 > /proc/sys/net/ipv4/ip_forward; touch /kept/x; touch /free");
        Directory.CreateDirectory(bundle.Path["rootfs/kept"]);

        var seen = await bundle.RunAsync(spec with { Linux = spec.Linux! with { ReadonlyPaths = ["/proc/sys", "/kept"] } });

        Assert.Equal(2, seen.Error.Split("Read-only file system").Length - 1);
        Assert.True(File.Exists(bundle.Path["rootfs/free"]));
    }

    [Fact]
    public async Task Run_WithSysctls_SetsThoseOfItsNamespaces()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Shell("cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax");

        var seen = await bundle.RunAsync(spec with
        {
            Linux = spec.Linux! with { Sysctl = new() { ["net.ipv4.ip_unprivileged_port_start"] = "7", ["kernel.msgmax"] = "9999" } },
        });

        Assert.Equal(["7", "9999"], seen.Expect(0).Text.Split('\n'));
        Assert.NotEqual("9999", File.ReadAllText("/proc/sys/kernel/msgmax").Trim());
    }

    [Fact]
    public async Task Run_WithLimits_SetsThem_AndClampsByName()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Shell("ulimit -n; ulimit -c");

        var seen = await bundle.RunAsync(spec with { Process = spec.Process! with { Rlimits = [new OciRlimit("RLIMIT_NOFILE", 77, 88), new OciRlimit("RLIMIT_CORE", 0, 0)] } });

        Assert.Equal(["77", "0"], seen.Expect(0).Text.Split('\n'));
    }

    [Fact]
    public async Task Run_LeaksNoDescriptor()
    {
        using var bundle = new RuntimeBundle();

        var seen = await bundle.RunAsync(RuntimeBundle.Spec("ls", "/proc/self/fd"));

        Assert.Equal(["0", "1", "2", "3"], seen.Expect(0).Text.Split('\n')); // 3 is ls's own, on the directory
    }

    [Fact]
    public async Task Run_ResetsSignals()
    {
        using var bundle = new RuntimeBundle();

        var seen = await bundle.RunAsync(RuntimeBundle.Spec("grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"));

        Assert.Equal(["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"], seen.Expect(0).Text.Split('\n'));
    }

    [Fact]
    public async Task Run_WithUserNamespace_IsRootOnlyInside()
    {
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Shell("id -u; echo x > /dev/null && echo usable; stat -c %u /dev/null /dev/mqueue /dev/shm /dev/fd; touch /owned; hostname inside; sleep 0; cat /proc/self/uid_map");
        Assert.Equal(0, await ChownAsync(bundle.Path["rootfs"], 200000));
        OciIdMapping[] map = [new() { ContainerId = 0, HostId = 200000, Size = 65536 }];
        await AllowTraversalAsync(bundle);

        var seen = await bundle.RunAsync(spec with { Linux = spec.Linux! with { Namespaces = [.. spec.Linux!.Namespaces!, new OciNamespace("user")], UidMappings = map, GidMappings = map } });

        Assert.Equal(["0", "usable", "0", "0", "0", "0", "         0     200000      65536"], seen.Text.Split('\n'));
        Assert.Equal("200000", (await new Command("stat", "-c", "%u", bundle.Path["rootfs/owned"]).RunAsync()).Text);
    }

    [Fact]
    public async Task Run_WithTimeNamespace_ShiftsTheClock()
    {
        Assert.SkipUnless(File.Exists("/proc/self/timens_offsets"), "needs time namespaces: Linux 5.6");
        using var bundle = new RuntimeBundle();
        var spec = RuntimeBundle.Spec("cat", "/proc/uptime");

        var seen = await bundle.RunAsync(spec with
        {
            Linux = spec.Linux! with { Namespaces = [.. spec.Linux!.Namespaces!, new OciNamespace("time")], TimeOffsets = new() { ["boottime"] = new OciTimeOffset(10_000_000, 0) } },
        });

        Assert.True(double.Parse(seen.Expect(0).Text.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture) > 10_000_000);
    }

    private static async Task<int> ChownAsync(string path, int owner) => (await new Command("chown", "-R", $"{owner}:{owner}", path).RunAsync()).ExitCode;

    private static Task<CommandResult> AllowTraversalAsync(RuntimeBundle bundle) => new Command("chmod", "755", bundle.Path.Path).RunAsync();
}
