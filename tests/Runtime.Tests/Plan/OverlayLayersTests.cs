using Berth.Runtime.Plan;
using Berth.Shared.Oci;

namespace Berth.Runtime.Tests.Plan;

public sealed class OverlayLayersTests
{
    [Theory]
    [InlineData("lowerdir=/a:/b", "/a|/b")]
    [InlineData("lowerdir=/a\\:b:/c\\\\d", "/a:b|/c\\d")]
    [InlineData("lowerdir=/a", "/a")]
    public void Parse_OverlayOfLowerDirectoriesAlone_GivesThemTopFirst(string option, string layers)
        => Assert.Equal(layers.Split('|'), Parse("overlay", option).Layers);

    [Fact]
    public void Parse_AnyOtherOverlay_IsLeftToTheKernel()
    {
        Assert.Null(Parse("overlay", "lowerdir=/a:/b", "upperdir=/c", "workdir=/d").Layers);
        Assert.Null(Parse("tmpfs", "lowerdir=/a").Layers);
    }

    private static MountPlan Parse(string type, params string[] options)
        => MountOptions.Parse(new OciMount { Destination = "/x", Type = type, Source = type, Options = ["ro", .. options] });
}
