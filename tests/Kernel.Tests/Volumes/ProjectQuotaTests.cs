using Berth.Kit;
using Berth.Shared.Linux;

namespace Berth.Kernel.Tests.Volumes;

/// <summary>Limits on a file system that keeps them: an ext4 or xfs in a file, where this kernel can mount one with project quotas.</summary>
public sealed class ProjectQuotaTests : IDisposable
{
    private const uint Project = 0x42000777;

    private readonly TemporaryDirectory _scratch = new();
    private bool _isMounted;

    public ProjectQuotaTests() => Assert.SkipUnless(Kit.Host.IsRoot, "needs root: loop devices and mounts");

    public void Dispose()
    {
        if (_isMounted)
        {
            new Command("umount", _scratch["disk"]).RunAsync().GetAwaiter().GetResult();
        }

        _scratch.Dispose();
    }

    [Theory]
    [InlineData("ext4")]
    [InlineData("xfs")]
    public async Task Limit_IsKeptByTheKernel(string type)
    {
        await MountAsync(type, "prjquota");
        Directory.CreateDirectory(_scratch["disk/limited"]);
        using var directory = TreeFiles.OpenDirectory(_scratch["disk/limited"]);

        Assert.True(ProjectQuota.IsEnforced(directory));
        ProjectQuota.SetLimit(directory, Project, 10 << 20);
        ProjectQuota.Assign(directory, Project);
        Directory.CreateDirectory(_scratch["disk/limited/below"]);

        // As a container's process, which has no CAP_SYS_RESOURCE: who has it is held to no quota.
        var written = await new Command("setpriv", "--bounding-set", "-sys_resource", "dd", "if=/dev/zero", $"of={_scratch["disk/limited/below/f"]}", "bs=64k", "count=400", "conv=fsync").RunAsync();

        Assert.NotEqual(0, written.ExitCode);
        var (used, limit) = ProjectQuota.Get(directory, Project);
        Assert.Equal(10 << 20, limit);
        Assert.InRange(used, (10 << 20) - (64 << 10), (10 << 20) + (64 << 10));
        Assert.InRange(new FileInfo(_scratch["disk/limited/below/f"]).Length, 9 << 20, (10 << 20) + (64 << 10));
    }

    [Fact]
    public async Task IsEnforced_WithoutTheMountOption_IsFalse()
    {
        await MountAsync("ext4", "defaults");
        using var directory = TreeFiles.OpenDirectory(_scratch["disk"]);

        Assert.False(ProjectQuota.IsEnforced(directory));
    }

    private async Task MountAsync(string type, string option)
    {
        var maker = Kit.Host.Find($"mkfs.{type}");
        Assert.SkipUnless(maker is not null, $"needs mkfs.{type}");
        (await new Command("truncate", "-s", "512M", _scratch["image"]).RunAsync()).Expect(0);
        (await new Command(maker!, type == "ext4" && option == "prjquota" ? ["-q", "-O", "quota,project", _scratch["image"]] : ["-q", _scratch["image"]]).RunAsync()).Expect(0);
        Directory.CreateDirectory(_scratch["disk"]);
        var mounted = await new Command("mount", "-o", $"loop,{option}", _scratch["image"], _scratch["disk"]).RunAsync();
        Assert.SkipUnless(mounted.ExitCode == 0, $"this kernel can't mount {type} with {option}: {mounted.Error.Trim()}");
        _isMounted = true;
    }
}
