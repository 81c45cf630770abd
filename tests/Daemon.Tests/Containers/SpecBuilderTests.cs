using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Spec;
using Berth.Shared.Api;
using Berth.Shared.Oci;

namespace Berth.Daemon.Tests.Containers;

public sealed class SpecBuilderTests
{
    private static OciSpec Build(Action<HostConfig>? host = null, Action<ContainerConfig>? config = null, Func<SpecInput, SpecInput>? change = null)
    {
        var container = Make.Record(host: host, config: config);
        var input = new SpecInput
        {
            Container = container,
            User = new ContainerUser(0, 0, [0], "/root"),
            Hostname = "host1",
            CgroupPath = "/berth/x",
            IsCgroupV2 = false,
            NetworkNamespacePath = "/proc/1/fd/9",
            MountSources = container.Mounts.ToDictionary(mount => mount.Target, mount => "/source" + mount.Target),
            EtcFiles = [("/etc/hosts", "/run/hosts")],
            Limits = container.Plan.Resources.Limits,
        };
        return SpecBuilder.Build(change is null ? input : change(input));
    }

    [Fact]
    public void Build_Default_HasNamespacesOfItsOwn()
        => Assert.Equal(["mount", "uts", "pid", "ipc", "network"], Build().Linux?.Namespaces?.Select(entry => entry.Type));

    [Fact]
    public void Build_OnV2_HasACgroupNamespaceToo()
        => Assert.Contains("cgroup", Build(change: input => input with { IsCgroupV2 = true }).Linux?.Namespaces?.Select(entry => entry.Type) ?? []);

    [Fact]
    public void Build_HostModes_LeaveTheNamespacesOut()
    {
        var spec = Build(host => (host.PidMode, host.IpcMode, host.UTSMode) = ("host", "host", "host"), change: input => input with { NetworkNamespacePath = null });

        Assert.Equal(["mount"], spec.Linux?.Namespaces?.Select(entry => entry.Type));
        Assert.Null(spec.Hostname);
        Assert.Equal("/dev/shm", Assert.Single(spec.Mounts ?? [], mount => mount.Destination == "/dev/shm").Source);
    }

    [Fact]
    public void Build_RootUser_HasCapabilitiesButNoneInherited()
    {
        var capabilities = Build().Process?.Capabilities;

        Assert.Equal(14, capabilities?.Effective?.Length);
        Assert.Empty(capabilities?.Inheritable ?? ["?"]);
    }

    [Fact]
    public void Build_OtherUser_HasOnlyABoundingSet()
    {
        var capabilities = Build(change: input => input with { User = new ContainerUser(5, 5, [5], "/") }).Process?.Capabilities;

        Assert.Equal(14, capabilities?.Bounding?.Length);
        Assert.Empty(capabilities?.Effective ?? ["?"]);
    }

    [Fact]
    public void Build_Devices_AreDeniedFirst()
    {
        var rules = Build().Linux?.Resources?.Devices ?? [];

        Assert.Equal(new OciDeviceRule { Allow = false, Access = "rwm" }, rules[0]);
        Assert.DoesNotContain(rules, rule => rule is { Allow: true, Major: null } && rule.Access != "m");
    }

    [Fact]
    public void Build_Mounts_OfTheUserReplaceTheSystems()
    {
        var mounts = Build(host => host.Binds = ["/mine:/dev/shm", "/h:/etc/hosts:ro"]).Mounts ?? [];

        Assert.Equal("/source/dev/shm", Assert.Single(mounts, mount => mount.Destination == "/dev/shm").Source);
        Assert.Contains("ro", Assert.Single(mounts, mount => mount.Destination == "/etc/hosts").Options ?? []);
    }

    [Fact]
    public void Build_MountInTmpfs_ComesAfterIt()
    {
        var targets = (Build(host => (host.Binds, host.Tmpfs) = (["/a:/t/x"], new() { ["/t"] = "" })).Mounts ?? []).Select(mount => mount.Destination).ToList();

        Assert.True(targets.IndexOf("/t") < targets.IndexOf("/t/x"));
    }

    [Fact]
    public void Build_SharedBind_MakesTheRootShared()
        => Assert.Equal("rshared", Build(host => host.Binds = ["/a:/b:rshared"]).Linux?.RootfsPropagation);

    [Fact]
    public void Build_SharedNetwork_LeavesItsSysctlsAlone()
    {
        Assert.NotNull(Build().Linux?.Sysctl);
        Assert.Null(Build(change: input => input with { NetworkIsShared = true }).Linux?.Sysctl);
    }
}
