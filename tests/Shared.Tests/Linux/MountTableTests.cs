using Berth.Shared.Linux;

namespace Berth.Shared.Tests.Linux;

public sealed class MountTableTests
{
    private const string Table =
        """
        22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
        30 22 0:25 / /srv rw,nosuid master:7 propagate_from:2 - tmpfs tmpfs rw,size=1024k
        31 30 254:1 /sub\040dir /srv/with\040space\134 rw - xfs /dev/vdb rw,prjquota
        32 22 0:26 / /srvx rw - tmpfs none rw
        """;

    [Fact]
    public void Parse_Line_IsTakenApart()
    {
        var mounts = MountTable.Parse(Table);

        Assert.Equal(4, mounts.Count);
        Assert.Equal(new MountEntry(22, 1, "/", "/", "ext4", "/dev/vda", IsShared: true, IsSlave: false), mounts[0]);
        Assert.Equal(new MountEntry(30, 22, "/", "/srv", "tmpfs", "tmpfs", IsShared: false, IsSlave: true), mounts[1]);
        Assert.Equal(new MountEntry(31, 30, "/sub dir", "/srv/with space\\", "xfs", "/dev/vdb", IsShared: false, IsSlave: false), mounts[2]);
    }

    [Theory]
    [InlineData("/srv", "/srv")]
    [InlineData("/srv/a", "/srv")]
    [InlineData("/srvx/a", "/srvx")]
    [InlineData("/srvy", "/")]
    [InlineData("/srv/with space\\/a", "/srv/with space\\")]
    public void Containing_Path_IsTheDeepestMountAboveIt(string path, string mountPoint)
        => Assert.Equal(mountPoint, MountTable.Containing(MountTable.Parse(Table), path)!.MountPoint);

    [Fact]
    public void Read_ThisMachine_HasARoot() => Assert.NotNull(MountTable.Containing(MountTable.Read(), "/"));
}
