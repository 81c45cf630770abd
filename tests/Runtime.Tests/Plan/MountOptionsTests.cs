using Berth.Runtime.Plan;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Runtime.Tests.Plan;

public sealed class MountOptionsTests
{
    [Fact]
    public void Parse_OfABind_TellsAttributesFromPropagation()
    {
        var plan = Parse("none", "rbind", "ro", "nosuid", "rshared");

        Assert.Equal(MountKind.Bind, plan.Kind);
        Assert.True(plan.Recursive);
        Assert.Equal(MountAttributes.ReadOnly | MountAttributes.NoSuid, plan.Set);
        Assert.Equal((MountPropagation.Shared, true), (plan.Propagation, plan.PropagationBelow));
        Assert.Empty(plan.Data);
    }

    [Fact]
    public void Parse_OfRecursiveAttributes_KeepsThemApart()
    {
        var plan = Parse("bind", "rbind", "rro", "rnoexec", "nodev");

        Assert.Equal(MountAttributes.ReadOnly | MountAttributes.NoExec, plan.SetBelow);
        Assert.Equal(MountAttributes.NoDevices, plan.Set);
    }

    [Theory]
    [InlineData(new[] { "ro", "rw" }, false)]
    [InlineData(new[] { "rw", "ro" }, true)]
    public void Parse_OfOpposites_TakesTheLast(string[] options, bool readOnly)
        => Assert.Equal(readOnly, Parse("tmpfs", options).ReadOnly);

    [Fact]
    public void Parse_OfAccessTimes_SetsOneField()
    {
        var plan = Parse("tmpfs", "noatime", "strictatime");

        Assert.Equal(MountAttributes.StrictAccessTime, plan.Set & MountAttributes.AccessTimeMask);
    }

    [Fact]
    public void Parse_OfAFileSystem_PassesItsOwnOptionsOn()
    {
        var plan = Parse("tmpfs", "size=64m", "mode=1777", "inode64", "nosuid");

        Assert.Equal([("size", "64m"), ("mode", "1777"), ("inode64", null)], plan.Data);
    }

    [Theory]
    [InlineData("proc", nameof(MountKind.NamespaceView))]
    [InlineData("sysfs", nameof(MountKind.NamespaceView))]
    [InlineData("mqueue", nameof(MountKind.NamespaceView))]
    [InlineData("cgroup", nameof(MountKind.Cgroup))]
    [InlineData("cgroup2", nameof(MountKind.Cgroup))]
    [InlineData("devpts", nameof(MountKind.FileSystem))]
    public void Parse_OfAType_KnowsWhoMakesIt(string type, string kind) => Assert.Equal(kind, Parse(type).Kind.ToString());

    [Fact]
    public void Parse_OfABindWithAnUnknownOption_IsRefused()
        => Assert.Contains("\"bogus\" is not an option of bind mounts", Refusal("bind", "rbind", "bogus"), StringComparison.Ordinal);

    [Fact]
    public void Parse_OfAMountWithoutType_IsRefused()
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => MountOptions.Parse(new OciMount { Destination = "/x" })).Kind);

    [Fact]
    public void Parse_OfARelativeDestination_MeansFromTheRoot()
        => Assert.Equal("/dev/shm", MountOptions.Parse(new OciMount { Destination = "dev/shm", Type = "tmpfs" }).Destination);

    private static string Refusal(string type, params string[] options) => Assert.Throws<EngineException>(() => Parse(type, options)).Message;

    private static MountPlan Parse(string type, params string[] options)
        => MountOptions.Parse(new OciMount { Destination = "/mnt", Type = type, Source = "/source", Options = options });
}
