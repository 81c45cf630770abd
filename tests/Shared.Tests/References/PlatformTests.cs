using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Shared.Tests.References;

public sealed class PlatformTests
{
    [Theory]
    [InlineData("linux/x86_64", "linux/amd64")]
    [InlineData("linux/aarch64", "linux/arm64")]
    [InlineData("linux/arm64/v8", "linux/arm64")]
    [InlineData("linux/arm", "linux/arm/v7")]
    [InlineData("linux/armhf", "linux/arm/v7")]
    [InlineData("LINUX/AMD64", "linux/amd64")]
    [InlineData("linux/amd64/v2", "linux/amd64/v2")]
    public void Parse_OfASpecifier_HasOneSpelling(string text, string expected) => Assert.Equal(expected, Platform.Parse(text).ToString());

    [Theory]
    [InlineData("")]
    [InlineData("linux/")]
    [InlineData("a/b/c/d")]
    [InlineData("linux/am d64")]
    public void Parse_OfNonsense_IsInvalid(string text) => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => Platform.Parse(text)).Kind);

    [Theory]
    [InlineData("linux/amd64", "linux/amd64", 0)]
    [InlineData("linux/amd64/v3", "linux/amd64", 2)]
    [InlineData("linux/amd64/v3", "linux/amd64/v2", 1)]
    [InlineData("linux/amd64", "linux/amd64/v2", null)]
    [InlineData("linux/arm/v7", "linux/arm/v6", 1)]
    [InlineData("linux/arm/v6", "linux/arm/v7", null)]
    [InlineData("linux/arm64", "linux/arm64/v8", 0)]
    [InlineData("linux/arm64", "linux/arm/v7", 101)]
    [InlineData("linux/amd64", "linux/386", null)]
    [InlineData("linux/amd64", "windows/amd64", null)]
    public void Distance_OfAnImage_PrefersTheNearest(string want, string have, int? distance)
        => Assert.Equal(distance, Platform.Parse(want).Distance(Platform.Parse(have)));
}
