using Berth.Daemon.Volumes;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Daemon.Tests.Volumes;

public sealed class LocalVolumeOptionsTests
{
    [Theory]
    [InlineData("foo=1", "invalid option: \"foo\"")]
    [InlineData("device=/x", "missing required option: \"type\"")]
    [InlineData("o=bind;type=none", "missing required option: \"device\"")]
    [InlineData("type=tmpfs", "missing required option: \"device\"")]
    [InlineData("o=bind;device=/x", "missing required option: \"type\"")]
    [InlineData("size=much", "invalid size: 'much'")]
    [InlineData("size=-1", "invalid size: '-1'")]
    [InlineData("size=0", "invalid size: '0'")]
    [InlineData("type=tmpfs;device=tmpfs;size=1m", "invalid option: \"size\"")]
    [InlineData("type=none;device=x;o=bind", "a bind needs an absolute path")]
    [InlineData("type=none;device=/x;o=bind,uid=1", "\"uid\" is not an option of bind mounts")]
    [InlineData("type=ext4;device=/x;o=loop", "loop is a matter of mount(8)")]
    public void Parse_WhatNoMountCouldDo_IsRefusedByName(string options, string words)
    {
        var error = Assert.Throws<EngineException>(() => LocalVolumeOptions.Parse("vol", Map(options)));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.StartsWith("create vol: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("size=10m", 10L << 20)]
    [InlineData("size=1.5G", 3L << 29)]
    [InlineData("size=4096", 4096)]
    public void Parse_Size_IsBytes(string options, long bytes)
    {
        var parsed = LocalVolumeOptions.Parse("vol", Map(options));

        Assert.Equal(bytes, parsed.SizeBytes);
        Assert.Null(parsed.FileSystem);
    }

    [Fact]
    public void Parse_NoOptions_IsADirectory()
    {
        Assert.Null(LocalVolumeOptions.Parse("vol", null).FileSystem);
        Assert.Null(LocalVolumeOptions.Parse("vol", Map("type=;device=;o=")).FileSystem);
    }

    [Fact]
    public void Parse_Words_AreToldApart()
    {
        var parsed = LocalVolumeOptions.Parse("vol", Map("type=tmpfs;device=tmpfs;o=size=1m,uid=1000,nosuid,noexec,ro,defaults,x-note")).FileSystem!;

        Assert.False(parsed.IsBind);
        Assert.Equal(MountAttributes.NoSuid | MountAttributes.NoExec | MountAttributes.ReadOnly, parsed.Attributes);
        Assert.Equal([("size", "1m"), ("uid", "1000")], parsed.Data);
    }

    [Fact]
    public void Parse_Bind_KnowsItsReachAndPropagation()
    {
        var parsed = LocalVolumeOptions.Parse("vol", Map("type=none;device=/srv;o=rbind,rslave,ro")).FileSystem!;

        Assert.True(parsed is { IsBind: true, Recursive: true, Propagation: MountPropagation.Slave, PropagationBelow: true, Attributes: MountAttributes.ReadOnly });
    }

    [Theory]
    [InlineData("a", "volume name is too short")]
    [InlineData("-ab", "includes invalid characters for a local volume name")]
    [InlineData("a/b", "includes invalid characters for a local volume name")]
    [InlineData("..", "includes invalid characters for a local volume name")]
    [InlineData("a b", "includes invalid characters for a local volume name")]
    [InlineData("aé", "includes invalid characters for a local volume name")]
    public void CheckName_WhatIsNone_IsRefused(string name, string words)
        => Assert.Contains(words, Assert.Throws<EngineException>(() => VolumeName.Check(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void CheckName_LongerThanADirectoryEntry_IsRefused()
    {
        VolumeName.Check(new string('a', 255));

        Assert.Contains("too long", Assert.Throws<EngineException>(() => VolumeName.Check(new string('a', 256))).Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, string> Map(string options)
        => options.Split(';').Select(option => option.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);
}
