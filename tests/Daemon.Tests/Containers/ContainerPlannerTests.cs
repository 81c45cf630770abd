using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Containers;

public sealed class ContainerPlannerTests
{
    public static TheoryData<string, Action<HostConfig>> RefusedHostFields => new()
    {
        { "HostConfig.CpuCount", host => host.CpuCount = 1 },
        { "HostConfig.CpuPercent", host => host.CpuPercent = 1 },
        { "HostConfig.IOMaximumIOps", host => host.IOMaximumIOps = 1 },
        { "HostConfig.IOMaximumBandwidth", host => host.IOMaximumBandwidth = 1 },
        { "HostConfig.Isolation", host => host.Isolation = "hyperv" },
        { "HostConfig.Cgroup", host => host.Cgroup = "x" },
        { "HostConfig.Links", host => host.Links = ["a:b:c"] },
        { "HostConfig.UsernsMode", host => host.UsernsMode = "private" },
        { "HostConfig.Init", host => (host.Init, host.Runtime) = (true, "runc") },
        { "HostConfig.VolumeDriver", host => host.VolumeDriver = "nfs" },
        { "HostConfig.CpuRealtimePeriod", host => host.CpuRealtimePeriod = 1 },
        { "HostConfig.PidMode", host => host.PidMode = "shareable" },
        { "HostConfig.IpcMode", host => host.IpcMode = "bogus" },
        { "HostConfig.UTSMode", host => host.UTSMode = "container:x" },
        { "HostConfig.CgroupnsMode", host => host.CgroupnsMode = "x" },
        { "HostConfig.CgroupParent", host => host.CgroupParent = "a.slice" },
        { "HostConfig.Dns", host => host.Dns = ["nowhere"] },
        { "restart policy", host => host.RestartPolicy = new() { Name = "sometimes" } },
        { "maximum retry count", host => host.RestartPolicy = new() { Name = "always", MaximumRetryCount = 3 } },
        { "AutoRemove", host => (host.AutoRemove, host.RestartPolicy) = (true, new() { Name = "always" }) },
        { "6MB", host => host.Memory = 1 << 20 },
        { "memoryswap limit should be larger", host => (host.Memory, host.MemorySwap) = (64 << 20, 32 << 20) },
        { "always set the Memory limit", host => host.MemorySwap = 64 << 20 },
        { "swappiness range", host => host.MemorySwappiness = 101 },
        { "range of CPUs", host => host.NanoCpus = 3_000_000_000 },
        { "Nano CPUs and CPU Period", host => (host.NanoCpus, host.CpuPeriod) = (1_000_000_000, 10_000) },
        { "cfs period", host => host.CpuPeriod = 10 },
        { "cfs quota", host => host.CpuQuota = 10 },
        { "Requested CPUs are not available", host => host.CpusetCpus = "0-7" },
        { "blkio weight", host => host.BlkioWeight = 5 },
        { "invalid ulimit type", host => host.Ulimits = [new() { Name = "bogus", Soft = 1, Hard = 1 }] },
        { "soft limit must be less", host => host.Ulimits = [new() { Name = "nofile", Soft = 2, Hard = 1 }] },
        { "oom score adj", host => host.OomScoreAdj = 2000 },
        { "unknown capability", host => host.CapAdd = ["BOGUS"] },
        { "not available in the current environment", host => host.CapAdd = ["SYS_RESOURCE"] },
        { "--security-opt", host => host.SecurityOpt = ["bogus=1"] },
        { "AppArmor", host => host.SecurityOpt = ["apparmor=mine"] },
        { "seccomp profile", host => host.SecurityOpt = ["seccomp={"] },
        { "sysctl \"kernel.panic\"", host => host.Sysctls = new() { ["kernel.panic"] = "1" } },
        { "host network namespace", host => (host.NetworkMode, host.Sysctls) = ("host", new() { ["net.core.somaxconn"] = "1" }) },
        { "no log driver named", host => host.LogConfig = new() { Type = "splunk" } },
        { "unknown log opt", host => host.LogConfig = new() { Type = "json-file", Config = new() { ["bogus"] = "1" } } },
        { "without a 'max-size'", host => host.LogConfig = new() { Type = "json-file", Config = new() { ["max-file"] = "3" } } },
        { "runtime name", host => host.Runtime = "kata" },
        { "device mode", host => host.Devices = [new() { PathOnHost = "/dev/null", CgroupPermissions = "x" }] },
        { "device cgroup rule", host => host.DeviceCgroupRules = ["c 1"] },
        { "could not select device driver", host => host.DeviceRequests = [new() { Capabilities = [["gpu"]] }] },
        { "port publishing and the container type network mode", host => (host.NetworkMode, host.PublishAllPorts) = ("container:x", true) },
        { "add-host", host => host.ExtraHosts = ["name"] },
        { "Duplicate mount point: /x", host => host.Binds = ["/a:/x", "/b:/x"] },
        { "destination can't be '/'", host => host.Binds = ["/a:/"] },
        { "mount path must be absolute", host => host.Binds = ["/a:x"] },
        { "invalid mode", host => host.Binds = ["/a:/x:bogus"] },
        { "field VolumeOptions must not be specified", host => host.Binds = ["/a:/x:nocopy"] },
        { "includes invalid characters for a local volume name", host => host.Binds = ["a b:/x"] },
        { "field Source must not be empty", host => host.Mounts = [new() { Type = "bind", Target = "/x" }] },
        { "mount type unknown", host => host.Mounts = [new() { Type = "npipe", Target = "/x" }] },
        { "TmpfsOptions must not be specified", host => host.Mounts = [new() { Type = "bind", Source = "/a", Target = "/x", TmpfsOptions = new() }] },
        { "invalid tmpfs option", host => host.Tmpfs = new() { ["/t"] = "bogus=1" } },
    };

    [Theory]
    [MemberData(nameof(RefusedHostFields))]
    public void Plan_FieldThatCannotBeHonoured_IsRefusedByName(string words, Action<HostConfig> change)
    {
        var error = Assert.Throws<EngineException>(() => Make.Plan(change));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Plan_NothingToRun_IsRefused()
        => Assert.Equal("no command specified", Assert.Throws<EngineException>(() => Make.Plan(config: c => c.Cmd = null)).Message);

    [Fact]
    public void Plan_EntrypointAndCommand_AreJoined()
        => Assert.Equal(["sh", "-c", "x"], Make.Plan(config: c => (c.Entrypoint, c.Cmd) = (["sh", "-c"], ["x"])).Plan.Process.Arguments);

    [Fact]
    public void Plan_MemoryWithoutSwap_AllowsAsMuchSwap()
        => Assert.Equal(128L << 20, Make.Plan(host => host.Memory = 64 << 20).Plan.Resources.Limits.Memory?.Swap);

    [Fact]
    public void Plan_OomKillDisableOnV2_IsWarnedOf()
    {
        var (plan, warnings) = Make.Plan(host => host.OomKillDisable = true, facts: Make.Facts with { IsCgroupV2 = true });

        Assert.Null(plan.Resources.Limits.Memory);
        Assert.Contains(warnings, warning => warning.Contains("OomKillDisable", StringComparison.Ordinal));
    }

    [Fact]
    public void Plan_NanoCpus_BecomeAQuota()
    {
        var cpu = Make.Plan(host => host.NanoCpus = 1_500_000_000).Plan.Resources.Limits.Cpu;

        Assert.Equal((100_000UL, 150_000L), (cpu?.Period, cpu?.Quota));
    }

    [Fact]
    public void Plan_PortsInHostMode_AreWarnedOf()
    {
        var (plan, warnings) = Make.Plan(host => (host.NetworkMode, host.PortBindings) = ("host", new() { ["80/tcp"] = [new() { HostPort = "8080" }] }));

        Assert.Empty(plan.Network.Ports);
        Assert.Contains(warnings, warning => warning.Contains("Published ports are discarded", StringComparison.Ordinal));
    }

    [Fact]
    public void Plan_VolumesOfConfig_GetAnonymousVolumesUnlessMountedOver()
    {
        var mounts = Make.Plan(host => host.Binds = ["/a:/data"], c => c.Volumes = new() { ["/data"] = new(), ["/other/"] = new() }).Plan.Mounts;

        Assert.Collection(mounts,
            mount => Assert.Equal("/data", Assert.IsType<MountPlan.Bind>(mount).Target),
            mount => Assert.True(Assert.IsType<MountPlan.Volume>(mount) is { Target: "/other", Anonymous: true, Copy: true }));
    }

    [Fact]
    public void Plan_MountsInsideOneAnother_ComeOuterFirst()
        => Assert.Equal(["/a", "/a/b", "/a/b/c"], Make.Plan(host => host.Binds = ["/x:/a/b/c", "/y:/a", "/z:/a/b"]).Plan.Mounts.Select(mount => mount.Target));

    [Fact]
    public void Plan_BindModes_AreUnderstood()
    {
        var mount = Assert.IsType<MountPlan.Bind>(Assert.Single(Make.Plan(host => host.Binds = ["/a:/b:ro,rslave,z"]).Plan.Mounts));

        Assert.True(mount is { ReadOnly: true, Propagation: "rslave", CreateSource: true });
    }

    [Fact]
    public void Plan_Privileged_HasNothingMaskedAndNoFilter()
    {
        var security = Make.Plan(host => host.Privileged = true).Plan.Security;

        Assert.Empty(security.MaskedPaths);
        Assert.Equal(SeccompKind.Unconfined, security.Seccomp.Kind);
        Assert.Contains("CAP_SYS_ADMIN", security.Capabilities);
        Assert.DoesNotContain("CAP_SYS_RESOURCE", security.Capabilities); // the daemon itself lacks it
    }

    [Fact]
    public void Plan_Defaults_AreDockers()
    {
        var plan = Make.Plan().Plan;

        Assert.Equal(14, plan.Security.Capabilities.Count);
        Assert.Equal(SeccompKind.Default, plan.Security.Seccomp.Kind);
        Assert.Equal("bridge", plan.Network.Mode);
        Assert.Equal(15, plan.StopSignal);
        Assert.Equal(64L << 20, plan.Resources.ShmSizeBytes);
        Assert.False(plan.Security.NoNewPrivileges);
    }

    [Fact]
    public void Plan_AfterDefaultsAreFilledIn_IsTheSame()
    {
        var host = HostConfigDefaults.Apply(Make.Host(h => (h.Memory, h.SecurityOpt) = (64 << 20, ["no-new-privileges"])), Make.Facts);

        var (plan, warnings) = ContainerPlanner.Plan(Make.Config(), host, new Dictionary<string, EndpointSettings>(), Make.Facts);

        Assert.Empty(warnings);
        Assert.Equal(128L << 20, plan.Resources.Limits.Memory?.Swap);
        Assert.Equal(ContainerPlanner.DefaultMaskedPaths, plan.Security.MaskedPaths);
        Assert.Equal(NamespaceKind.Private, plan.Namespaces.Ipc.Kind);
    }

    [Theory]
    [InlineData("10m", 10L << 20)]
    [InlineData("1.5g", 3L << 29)]
    [InlineData("1024", 1024)]
    [InlineData("2 KiB", 2048)]
    public void ByteSize_Readable_IsRead(string text, long bytes)
    {
        Assert.True(ByteSize.TryParse(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("m")]
    [InlineData("10x")]
    [InlineData("-1")]
    public void ByteSize_Unreadable_IsRefused(string text) => Assert.False(ByteSize.TryParse(text, out _));

    [Theory]
    [InlineData("/a/../b//c/.", "/b/c")]
    [InlineData("/../..", "/")]
    public void Clean_Path_IsShortest(string path, string clean) => Assert.Equal(clean, ContainerPath.Clean(path));
}
