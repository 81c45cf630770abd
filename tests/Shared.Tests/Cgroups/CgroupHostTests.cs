using Berth.Shared.Cgroups;
using Berth.Shared.Errors;

namespace Berth.Shared.Tests.Cgroups;

public sealed class CgroupHostTests
{
    private const string V1 = """
        30 22 0:27 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
        31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:7 - cgroup cgroup rw,cpu,cpuacct
        34 30 0:31 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        39 30 0:36 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
        """;

    private const string Unified = "40 30 0:37 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";

    private const string Self = "9:name=systemd:/user\n3:cpu,cpuacct:/own\n4:memory:/own\n0::/own2\n";

    [Fact]
    public void Parse_OnlyV1_IsV1()
    {
        var host = CgroupHost.Parse(V1, Self, _ => "");

        Assert.Equal(CgroupMode.V1, host.Mode);
        Assert.Equal(["cpu", "cpuacct", "memory"], host.Controllers.Order());
    }

    [Fact]
    public void Parse_V1BesideV2_IsHybrid()
        => Assert.Equal(CgroupMode.Hybrid, CgroupHost.Parse($"{V1}\n{Unified}", Self, _ => "hugetlb\n").Mode);

    [Fact]
    public void Parse_OnlyV2_IsV2WithItsControllers()
    {
        var host = CgroupHost.Parse("25 22 0:24 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate", "0::/\n", _ => "cpuset cpu io memory pids\n");

        Assert.Equal(CgroupMode.V2, host.Mode);
        Assert.Contains("io", host.Controllers);
    }

    [Fact]
    public void Parse_NoCgroups_IsUnavailable()
        => Assert.Equal(ErrorKind.Unavailable, Assert.Throws<EngineException>(() => CgroupHost.Parse("30 22 0:27 / / rw - ext4 /dev/vda rw", "", _ => "")).Kind);

    [Theory]
    [InlineData("/")]
    [InlineData("")]
    [InlineData("/a/../b")]
    [InlineData("/a//b")]
    [InlineData("./a")]
    [InlineData("/a\nb")]
    public void Open_BadPath_IsInvalid(string path)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => CgroupHost.Parse(V1, Self, _ => "").Open(path)).Kind);

    [Fact]
    public void Open_SystemdForm_IsRefusedByName()
    {
        var error = Assert.Throws<EngineException>(() => CgroupHost.Parse(V1, Self, _ => "").Open("system.slice:docker:abc"));

        Assert.Equal(ErrorKind.NotImplemented, error.Kind);
        Assert.Contains("systemd", error.Message);
    }

    [Theory]
    [InlineData("/berth/x", "/sys/fs/cgroup/berth/x")]
    [InlineData("berth/x", "/sys/fs/cgroup/own/berth/x")]
    public void Open_Path_IsBelowTheMountOrOurOwn(string path, string directory)
    {
        var host = CgroupHost.Parse("25 22 0:24 /outer /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "0::/outer/own\n", _ => "memory");

        Assert.Equal(directory, ((Berth.Shared.Cgroups.V2.CgroupV2)host.Open(path)).Directory);
    }
}
