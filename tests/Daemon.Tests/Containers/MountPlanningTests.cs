using System.Text.Json;
using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Containers;

public sealed class MountPlanningTests
{
    public static TheoryData<string, string> RefusedBinds => new()
    {
        { "", "invalid volume specification: ''" },
        { ":/x", "invalid volume specification: ':/x'" },
        { "/a:/x:ro:z", "invalid volume specification: '/a:/x:ro:z'" },
        { "/a:ro", "invalid volume specification: '/a:ro'" },
        { "/a:", "invalid volume specification: '/a:'" },
        { "/a::ro", "field Target must not be empty" },
        { "/a:x", "invalid volume specification: '/a:x': invalid mount config for type \"bind\": invalid mount path: 'x' mount path must be absolute" },
        { "x", "invalid mount path: 'x' mount path must be absolute" },
        { "/a:/", "invalid specification: destination can't be '/'" },
        { "/a:/x/..", "invalid specification: destination can't be '/'" },
        { "/a:/x:bogus", "invalid mode: bogus" },
        { "/a:/x:ro,rw", "invalid mode: ro,rw" },
        { "/a:/x:z,Z", "invalid mode: z,Z" },
        { "/a:/x:shared,slave", "invalid mode: shared,slave" },
        { "/a:/x:ro,", "invalid mode: ro," },
        { "/a:/x:RO", "invalid mode: RO" },
        { "/a:/x:nocopy", "invalid mount config for type \"bind\": field VolumeOptions must not be specified" },
        { "vol:/x:rshared", "invalid mount config for type \"volume\": field BindOptions must not be specified" },
        { "./a:/x", "create ./a: \"./a\" includes invalid characters for a local volume name" },
        { "v:/x", "create v: volume name is too short" },
    };

    [Theory]
    [MemberData(nameof(RefusedBinds))]
    public void Plan_BindThatIsNone_IsRefusedInDockersWords(string bind, string words) => AssertRefused(host => host.Binds = [bind], words);

    public static TheoryData<string, string> RefusedMounts => new()
    {
        { """{"Type":"bind","Source":"/a"}""", "invalid mount config for type \"bind\": field Target must not be empty" },
        { """{"Type":"bind","Target":"/x"}""", "field Source must not be empty" },
        { """{"Type":"bind","Source":"a","Target":"/x"}""", "invalid mount path: 'a' mount path must be absolute" },
        { """{"Type":"bind","Source":"/a","Target":"x"}""", "invalid mount path: 'x' mount path must be absolute" },
        { """{"Type":"bind","Source":"/a","Target":"/"}""", "destination can't be '/'" },
        { """{"Type":"npipe","Source":"/a","Target":"/x"}""", "invalid mount config for type \"npipe\": mount type unknown" },
        { """{"Source":"/a","Target":"/x"}""", "mount type unknown" },
        { """{"Type":"bind","Source":"/a","Target":"/x","Consistency":"often"}""", "invalid Consistency: often" },
        { """{"Type":"bind","Source":"/a","Target":"/x","BindOptions":{"Propagation":"wide"}}""", "invalid propagation mode: wide" },
        { """{"Type":"bind","Source":"/a","Target":"/x","VolumeOptions":{}}""", "field VolumeOptions must not be specified" },
        { """{"Type":"bind","Source":"/a","Target":"/x","TmpfsOptions":{}}""", "field TmpfsOptions must not be specified" },
        { """{"Type":"bind","Source":"/a","Target":"/x","ImageOptions":{}}""", "field ImageOptions must not be specified" },
        { """{"Type":"bind","Source":"/a","Target":"/x","BindOptions":{"ReadOnlyForceRecursive":true}}""", "ReadOnlyForceRecursive needs ReadOnly" },
        { """{"Type":"bind","Source":"/a","Target":"/x","ReadOnly":true,"BindOptions":{"ReadOnlyForceRecursive":true,"ReadOnlyNonRecursive":true}}""", "exclude each other" },
        { """{"Type":"bind","Source":"/a","Target":"/x","ReadOnly":true,"BindOptions":{"ReadOnlyForceRecursive":true,"NonRecursive":true}}""", "exclude each other" },
        { """{"Type":"bind","Source":"/a","Target":"/x","ReadOnly":true,"BindOptions":{"ReadOnlyForceRecursive":true,"Propagation":"rslave"}}""", "needs the propagation rprivate" },
        { """{"Type":"volume","Source":"vol","Target":"/x","BindOptions":{}}""", "field BindOptions must not be specified" },
        { """{"Type":"volume","Source":"/vol","Target":"/x"}""", "includes invalid characters for a local volume name" },
        { """{"Type":"volume","Target":"/x","ReadOnly":true}""", "must not set ReadOnly mode when using anonymous volumes" },
        { """{"Type":"volume","Target":"/x","VolumeOptions":{"Subpath":"a"}}""", "must not set Subpath when using anonymous volumes" },
        { """{"Type":"volume","Source":"vol","Target":"/x","VolumeOptions":{"Subpath":"/a"}}""", "subpath must be a relative path within the volume" },
        { """{"Type":"volume","Source":"vol","Target":"/x","VolumeOptions":{"Subpath":"a/../../b"}}""", "subpath must be a relative path within the volume" },
        { """{"Type":"volume","Source":"vol","Target":"/x","VolumeOptions":{"DriverConfig":{"Name":"nfs"}}}""", "plugin \"nfs\" not found" },
        { """{"Type":"volume","Source":"vol","Target":"/x","VolumeOptions":{"DriverConfig":{"Options":{"bogus":"1"}}}}""", "invalid option: \"bogus\"" },
        { """{"Type":"tmpfs","Source":"a","Target":"/x"}""", "field Source must not be specified" },
        { """{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"SizeBytes":-1}}""", "invalid SizeBytes: -1" },
        { """{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"Mode":65536}}""", "invalid Mode: 65536" },
        { """{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"Options":[["a","b","c"]]}}""", "invalid option array length" },
        { """{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"Options":[["bogus"]]}}""", "invalid tmpfs option [\"bogus\"]" },
        { """{"Type":"image","Target":"/x"}""", "invalid mount config for type \"image\": field Source must not be empty" },
        { """{"Type":"image","Source":"i","Target":"/x","ImageOptions":{"Subpath":"../a"}}""", "subpath must be a relative path within the image" },
        { """{"Type":"image","Source":"i","Target":"/x","VolumeOptions":{}}""", "field VolumeOptions must not be specified" },
    };

    [Theory]
    [MemberData(nameof(RefusedMounts))]
    public void Plan_MountThatIsNone_IsRefusedInDockersWords(string json, string words)
        => AssertRefused(host => host.Mounts = [JsonSerializer.Deserialize(json, ApiJson.Default.Mount)!], words);

    [Theory]
    [InlineData("bogus")]
    [InlineData("size=abc")]
    [InlineData("size=")]
    [InlineData("size")]
    [InlineData("mode=888")]
    [InlineData("uid=-1")]
    [InlineData("uid=root")]
    [InlineData("gid=99999999999")]
    [InlineData("nr_inodes=x")]
    [InlineData("huge=some")]
    public void Plan_TmpfsOptionThatIsNone_IsRefused(string option) => AssertRefused(host => host.Tmpfs = new() { ["/t"] = option }, $"invalid tmpfs option [\"{option}\"]");

    [Theory]
    [InlineData("", "volumes-from specification cannot be an empty string")]
    [InlineData("c:bogus", "invalid mode: bogus")]
    [InlineData("c:rshared", "invalid mode: rshared")]
    [InlineData("c:nocopy", "invalid mode: nocopy")]
    public void Plan_VolumesFromThatIsNone_IsRefused(string specification, string words) => AssertRefused(host => host.VolumesFrom = [specification], words);

    [Theory]
    [InlineData("size", "much", "invalid size: 'much'")]
    [InlineData("size", "0", "invalid size: '0'")]
    [InlineData("inodes", "1", "unknown option inodes")]
    public void Plan_StorageOptionThatIsNone_IsRefused(string key, string value, string words)
        => AssertRefused(host => host.StorageOpt = new() { [key] = value }, words);

    [Fact]
    public void Plan_StorageSize_IsBytes() => Assert.Equal(10L << 30, Make.Plan(host => host.StorageOpt = new() { ["size"] = "10G" }).Plan.StorageSizeBytes);

    [Theory]
    [InlineData("/a:/x", "", false, "rprivate")]
    [InlineData("/a/../b//c:/x/./y", "", false, "rprivate")]
    [InlineData("/a:/x:ro", "ro", true, "rprivate")]
    [InlineData("/a:/x:rw,z,rshared,cached", "rw,z,rshared,cached", false, "rshared")]
    public void Plan_Bind_KeepsItsMode(string bind, string mode, bool readOnly, string propagation)
    {
        var mount = Assert.IsType<MountPlan.Bind>(Assert.Single(Make.Plan(host => host.Binds = [bind]).Plan.Mounts));

        Assert.Equal((mode, readOnly, propagation, true), (mount.Mode, mount.ReadOnly, mount.Propagation, mount.CreateSource));
    }

    [Theory]
    [InlineData("vol:/x", "z", false, true)]
    [InlineData("vol:/x:ro,nocopy", "ro,nocopy", true, false)]
    public void Plan_NamedVolume_HasTheModeThatInspectShows(string bind, string mode, bool readOnly, bool copy)
    {
        var mount = Assert.IsType<MountPlan.Volume>(Assert.Single(Make.Plan(host => host.Binds = [bind]).Plan.Mounts));

        Assert.Equal(("vol", mode, readOnly, copy, false, false), (mount.Name, mount.Mode, mount.ReadOnly, mount.Copy, mount.Anonymous, mount.Implied));
    }

    [Fact]
    public void Plan_PathAlone_IsAnImpliedAnonymousVolume()
    {
        var mount = Assert.IsType<MountPlan.Volume>(Assert.Single(Make.Plan(config: config => config.Volumes = new() { ["/x/"] = new() }).Plan.Mounts));

        Assert.True(mount is { Target: "/x", Anonymous: true, Implied: true, Copy: true, Mode: "" });
    }

    [Fact]
    public void Plan_MountUnderAnImpliedVolume_TakesItsPlace()
    {
        var (plan, _) = Make.Plan(host => host.Tmpfs = new() { ["/x"] = "" }, config => config.Volumes = new() { ["/x"] = new() });

        Assert.IsType<MountPlan.Tmpfs>(Assert.Single(plan.Mounts));
    }

    [Fact]
    public void Plan_VolumeMount_CarriesWhatMakesTheVolume()
    {
        var json = """{"Type":"volume","Source":"vol","Target":"/x","VolumeOptions":{"NoCopy":true,"Subpath":"a/b","Labels":{"k":"v"},"DriverConfig":{"Name":"local","Options":{"type":"tmpfs","device":"tmpfs"}}}}""";

        var mount = Assert.IsType<MountPlan.Volume>(Assert.Single(Make.Plan(host => host.Mounts = [JsonSerializer.Deserialize(json, ApiJson.Default.Mount)!]).Plan.Mounts));

        Assert.True(mount is { Copy: false, Subpath: "a/b" });
        Assert.Equal("v", mount.Labels!["k"]);
        Assert.Equal("tmpfs", mount.DriverOptions!["type"]);
    }

    [Fact]
    public void Plan_TmpfsMount_TurnsItsOptionsIntoTheKernels()
    {
        var json = """{"Type":"tmpfs","Target":"/x","TmpfsOptions":{"SizeBytes":1048576,"Mode":1023,"Options":[["exec"],["uid","1000"]]}}""";

        var mount = Assert.IsType<MountPlan.Tmpfs>(Assert.Single(Make.Plan(host => host.Mounts = [JsonSerializer.Deserialize(json, ApiJson.Default.Mount)!]).Plan.Mounts));

        Assert.Equal(["nosuid", "nodev", "size=1048576", "mode=1777", "uid=1000"], mount.Options);
    }

    [Fact]
    public void Plan_RecordOfAnEarlierVersion_IsUnderstood()
    {
        const string json = """[{"is":"volume","Name":"v","Anonymous":true,"Copy":true,"Subpath":null,"Target":"/x","ReadOnly":false},{"is":"bind","Source":"/a","CreateSource":true,"Propagation":"rprivate","Recursive":true,"RecursiveReadOnly":"IfPossible","Target":"/b","ReadOnly":true}]""";

        var mounts = JsonSerializer.Deserialize(json, ContainerJson.Default.IReadOnlyListMountPlan)!;

        Assert.True(mounts[0] is MountPlan.Volume { Name: "v", Mode: "", Implied: false });
        Assert.True(mounts[1] is MountPlan.Bind { Source: "/a", DefaultPropagation: false, ReadOnly: true });
    }

    private static void AssertRefused(Action<HostConfig> change, string words)
    {
        var error = Assert.Throws<EngineException>(() => Make.Plan(change));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }
}
