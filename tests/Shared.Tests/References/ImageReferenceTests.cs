using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Shared.Tests.References;

public sealed class ImageReferenceTests
{
    private const string Hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    [Theory]
    [InlineData("busybox", "docker.io/library/busybox", "busybox")]
    [InlineData("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36")]
    [InlineData("library/busybox", "docker.io/library/busybox", "busybox")]
    [InlineData("docker.io/busybox", "docker.io/library/busybox", "busybox")]
    [InlineData("index.docker.io/a/b", "docker.io/a/b", "a/b")]
    [InlineData("user/app:v1", "docker.io/user/app:v1", "user/app:v1")]
    [InlineData("localhost/app", "localhost/app", "localhost/app")]
    [InlineData("localhost:5000/app", "localhost:5000/app", "localhost:5000/app")]
    [InlineData("127.0.0.1:5000/a/b/c:t", "127.0.0.1:5000/a/b/c:t", "127.0.0.1:5000/a/b/c:t")]
    [InlineData("[::1]:5000/app:x", "[::1]:5000/app:x", "[::1]:5000/app:x")]
    [InlineData("ghcr.io/x/y__z", "ghcr.io/x/y__z", "ghcr.io/x/y__z")]
    [InlineData("library/a/b", "docker.io/library/a/b", "library/a/b")]
    [InlineData("app@sha256:" + Hex, "docker.io/library/app@sha256:" + Hex, "app@sha256:" + Hex)]
    [InlineData("app:t@sha256:" + Hex, "docker.io/library/app:t@sha256:" + Hex, "app:t@sha256:" + Hex)]
    public void Parse_OfAName_IsWholeAndFamiliar(string text, string whole, string familiar)
    {
        var reference = ImageReference.Parse(text);

        Assert.Equal(whole, reference.ToString());
        Assert.Equal(familiar, reference.ToFamiliarString());
    }

    [Theory]
    [InlineData("")]
    [InlineData(":latest")]
    [InlineData("a b")]
    [InlineData("a//b")]
    [InlineData("-a")]
    [InlineData("a/")]
    [InlineData("a:")]
    [InlineData("a@sha256:12")]
    [InlineData("a:b:c")]
    [InlineData("../etc")]
    [InlineData("bad_domain.io/x")]
    public void Parse_OfNonsense_IsInvalid(string text)
    {
        var error = Assert.Throws<EngineException>(() => ImageReference.Parse(text));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.StartsWith("invalid reference format", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_OfUpperCase_SaysSo()
    {
        var error = Assert.Throws<EngineException>(() => ImageReference.Parse("BusyBox"));

        Assert.Equal("invalid reference format: repository name (library/BusyBox) must be lowercase", error.Message);
    }

    [Fact]
    public void Parse_OfAnImageId_IsRefused()
        => Assert.Contains("cannot specify 64-byte hexadecimal strings", Assert.Throws<EngineException>(() => ImageReference.Parse(Hex)).Message, StringComparison.Ordinal);

    [Fact]
    public void WithDefaultTag_WithDigest_StaysAsItIs()
    {
        Assert.Equal("latest", ImageReference.Parse("a").WithDefaultTag().Tag);
        Assert.Null(ImageReference.Parse("a@sha256:" + Hex).WithDefaultTag().Tag);
    }

    [Fact]
    public void Equality_OfTheSameName_Holds()
        => Assert.Equal(ImageReference.Parse("busybox:1"), ImageReference.Parse("docker.io/library/busybox:1"));

    [Theory]
    [InlineData("sha256:" + Hex, true)]
    [InlineData("sha256:E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855", false)]
    [InlineData("md5:" + Hex, false)]
    [InlineData(Hex, false)]
    public void TryParse_OfADigest_TellsValidOnes(string text, bool valid) => Assert.Equal(valid, Digest.TryParse(text, out _));

    [Fact]
    public void Matches_OfContent_ComparesHashes()
    {
        Assert.True(Digest.Parse("sha256:" + Hex).Matches([]));
        Assert.False(Digest.Parse("sha256:" + Hex).Matches([1]));
        Assert.Equal("sha256:" + Hex, Digest.OfSha256([]).ToString());
    }
}
