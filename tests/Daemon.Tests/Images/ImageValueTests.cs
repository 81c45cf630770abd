using System.Text;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Archives;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Registry;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Archives;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Tests.Images;

public sealed class ImageValueTests
{
    [Theory]
    [InlineData("busybox", "busybox:1", true)]
    [InlineData("busy*", "busybox:1", true)]
    [InlineData("busybox:*", "busybox:1", true)]
    [InlineData("*:1", "busybox:1", true)]
    [InlineData("*", "team/busybox:1", false)]
    [InlineData("*/*", "team/busybox:1", true)]
    [InlineData("b[a-u]?ybox", "busybox:1", true)]
    [InlineData("b[^a-u]sybox", "busybox:1", false)]
    [InlineData("localhost:5000/x", "localhost:5000/x:1", true)]
    public void Matches_OfAPattern_FollowsGo(string pattern, string name, bool matches)
        => Assert.Equal(matches, ReferencePattern.Matches(pattern, ImageReference.Parse(name)));

    [Theory]
    [InlineData("1h30m", 5400)]
    [InlineData("1.5h", 5400)]
    [InlineData("300ms", 0.3)]
    [InlineData("90s", 90)]
    public void TryParse_OfGoDuration_Reads(string text, double seconds)
    {
        Assert.True(GoDuration.TryParse(text, out var duration));
        Assert.Equal(seconds, duration.TotalSeconds, 6);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("h")]
    [InlineData("1d")]
    public void TryParse_OfNoDuration_Refuses(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Theory]
    [InlineData("./usr//bin/./env", "usr/bin/env")]
    [InlineData("/etc/passwd", "etc/passwd")]
    [InlineData("a/../b", "b")]
    [InlineData("dir/", "dir")]
    [InlineData("./", "")]
    public void Clean_OfMemberNames_StaysBelowTheRoot(string name, string expected)
        => Assert.Equal(expected, Encoding.UTF8.GetString(LayerPath.Clean(Encoding.UTF8.GetBytes(name))));

    [Theory]
    [InlineData("../etc/passwd")]
    [InlineData("a/../../b")]
    [InlineData("/..")]
    public void Clean_OfNamesThatLeadOut_Refuses(string name)
        => Assert.Throws<TarFormatException>(() => LayerPath.Clean(Encoding.UTF8.GetBytes(name)));

    [Fact]
    public void ParseChallenges_OfSeveral_SeparatesThem()
    {
        var challenges = AuthChallenge.Parse(["Bearer realm=\"https://auth.example/token\",service=\"reg,istry\",scope=\"repository:a/b:pull,push\", Basic realm=x"]);

        Assert.Equal(["bearer", "basic"], challenges.Select(challenge => challenge.Scheme));
        Assert.Equal("reg,istry", challenges[0].Parameters["service"]);
        Assert.Equal("repository:a/b:pull,push", challenges[0].Parameters["scope"]);
        Assert.Equal("x", challenges[1].Parameters["realm"]);
    }

    [Theory]
    [InlineData("localhost:5000", true)]
    [InlineData("127.0.0.9:5000", true)]
    [InlineData("[::1]:5000", true)]
    [InlineData("example.org", false)]
    [InlineData("plain.example:80", true)]
    [InlineData("10.1.2.3:5000", true)]
    [InlineData("11.1.2.3:5000", false)]
    public void IsInsecure_OfARegistry_GoesByLoopbackAndList(string authority, bool insecure)
        => Assert.Equal(insecure, RegistryHost.IsInsecure(authority, ["plain.example:80", "10.0.0.0/8"]));

    [Theory]
    [InlineData("{\"username\":\"me\",\"password\":\"a?b>c\"}")]
    [InlineData("{\"auth\":\"bWU6YT9iPmM=\"}")]
    public void ParseCredentials_InEitherAlphabet_ReadsThem(string json)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        foreach (var header in new[] { Convert.ToBase64String(bytes), Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_') })
        {
            var credentials = RegistryCredentials.Parse(header);

            Assert.Equal(("me", "a?b>c"), (credentials!.Username, credentials.Password));
            Assert.DoesNotContain("a?b", credentials.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("e30")]
    [InlineData("e30=")]
    public void ParseCredentials_OfNone_IsNull(string? header) => Assert.Null(RegistryCredentials.Parse(header));

    [Fact]
    public void ParseCredentials_OfGarbage_IsInvalid()
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => RegistryCredentials.Parse("%%%")).Kind);

    [Fact]
    public void MediaTypeOf_OfAManifestThatIsAnIndexToo_Refuses()
    {
        var both = """{"schemaVersion":2,"layers":[],"config":{},"manifests":[]}"""u8;

        Assert.Contains("at once", Assert.Throws<EngineException>(() => ImageDocuments.MediaTypeOf("""{"schemaVersion":2,"layers":[],"config":{},"manifests":[]}"""u8, null)).Message, StringComparison.Ordinal);
        Assert.False(both.IsEmpty);
    }

    [Fact]
    public void MediaTypeOf_WhenTheWordAndTheShapeDisagree_Refuses()
        => Assert.Throws<EngineException>(() => ImageDocuments.MediaTypeOf("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","layers":[],"config":{}}"""u8, null));

    [Fact]
    public void MediaTypeOf_OfSchema1_Refuses()
        => Assert.Contains("version 1", Assert.Throws<EngineException>(() => ImageDocuments.MediaTypeOf("""{"schemaVersion":1,"fsLayers":[]}"""u8, null)).Message, StringComparison.Ordinal);

    [Fact]
    public void Choose_OfAnIndex_TakesTheNearestPlatform()
    {
        var index = new OciIndex
        {
            Manifests =
            [
                Entry("windows", "amd64", null), Entry("linux", "arm64", null), Entry("linux", "amd64", "v2"), Entry("linux", "amd64", null), Entry("unknown", "unknown", null),
            ],
        };

        Assert.Equal("linux/amd64/", ImageDocuments.Choose(index, Platform.Parse("linux/amd64"))!.Digest);
        Assert.Equal("linux/amd64/v2", ImageDocuments.Choose(index, Platform.Parse("linux/amd64/v3"))!.Digest);
        Assert.Null(ImageDocuments.Choose(index, Platform.Parse("linux/s390x")));

        static OciDescriptor Entry(string os, string architecture, string? variant) => new()
        {
            MediaType = MediaTypes.OciManifest,
            Digest = $"{os}/{architecture}/{variant}",
            Platform = new OciPlatform { Os = os, Architecture = architecture, Variant = variant },
        };
    }

    [Fact]
    public void ChainIds_OfDiffIds_FollowTheSpecification()
    {
        var first = Digest.OfSha256("a"u8);
        var second = Digest.OfSha256("b"u8);

        var chain = LayerPlan.ChainIds([first, second]);

        Assert.Equal(first.ToString(), chain[0]);
        Assert.Equal(Digest.OfSha256(Encoding.ASCII.GetBytes($"{first} {second}")).ToString(), chain[1]);
    }

    [Theory]
    [InlineData(0, 100, "[>                                                  ]       0B/100B")]
    [InlineData(50, 100, "[=========================>                         ]      50B/100B")]
    [InlineData(3_145_728, 3_145_728, "[==================================================>]  3.146MB/3.146MB")]
    public void Draw_OfAMeasure_LooksLikeDockers(long current, long total, string bar) => Assert.Equal(bar, ProgressBar.Draw(current, total));

    [Fact]
    public void ApplyChanges_OfAllInstructions_ChangesTheConfig()
    {
        var config = ConfigChanges.Apply(new OciImageConfig { Env = ["PATH=/bin"] },
        [
            "CMD [\"sh\", \"-c\", \"x\"]", "ENTRYPOINT run it", "ENV A=1 B=\"two words\"", "ENV PATH /usr/bin", "EXPOSE 80 53/udp", "LABEL k=v 'x y'=z",
            "USER me:us", "VOLUME /data", "VOLUME [\"/a b\"]", "WORKDIR /srv", "WORKDIR sub", "STOPSIGNAL SIGINT", "ONBUILD RUN x",
            "HEALTHCHECK --interval=5s --retries=2 CMD curl localhost",
        ]);

        Assert.Equal(["sh", "-c", "x"], config.Cmd!);
        Assert.Equal(["/bin/sh", "-c", "run it"], config.Entrypoint!);
        Assert.Equal(["PATH=/usr/bin", "A=1", "B=two words"], config.Env!);
        Assert.Equal(["53/udp", "80/tcp"], config.ExposedPorts!.Keys.Order());
        Assert.Equal("z", config.Labels!["x y"]);
        Assert.Equal(["/a b", "/data"], config.Volumes!.Keys.Order());
        Assert.Equal("/srv/sub", config.WorkingDir);
        Assert.Equal(5_000_000_000, config.Healthcheck!.Interval);
        Assert.Equal(["CMD-SHELL", "curl localhost"], config.Healthcheck.Test!);
        Assert.Equal(("me:us", "SIGINT", "RUN x"), (config.User, config.StopSignal, config.OnBuild![0]));
    }

    [Theory]
    [InlineData("RUN x")]
    [InlineData("EXPOSE http")]
    [InlineData("ENV alone")]
    [InlineData("CMD")]
    [InlineData("LABEL a=\"b")]
    public void ApplyChanges_OfWrongOnes_IsInvalid(string change)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => ConfigChanges.Apply(new OciImageConfig(), [change])).Kind);

    [Theory]
    [InlineData("{\"os\":\"linux\",\"architecture\":\"arm64\"}", "linux/arm64")]
    [InlineData("linux/amd64", "linux/amd64")]
    public void ParsePlatform_InEitherForm_ReadsIt(string text, string expected) => Assert.Equal(expected, PlatformValue.Parse(text)!.ToString());
}
