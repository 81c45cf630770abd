using Berth.Client.Engine;

namespace Berth.Client.Tests.Engine;

public sealed class QueryTests
{
    [Fact]
    public void Add_Values_AreEscaped()
        => Assert.Equal("/x?name=a%20b%26c&t=-1&all=1", new Query("/x").Add("name", "a b&c").Add("none", (string?)null).Add("t", -1L).Add("all", true).Add("no", false).ToString());

    [Fact]
    public void AddFilters_SameKey_IsOneList()
        => Assert.Equal("/x?filters=" + Uri.EscapeDataString("""{"label":["a=1","b"],"status":["exited"]}"""), new Query("/x").AddFilters(["label=a=1", "status=exited", "label=b"]).ToString());

    [Theory]
    [InlineData("localhost:5000/team/app:1.0", "localhost:5000/team/app:1.0")]
    [InlineData("app@sha256:00", "app@sha256:00")]
    [InlineData("a b?c", "a%20b%3Fc")]
    public void ImagePath_KeepsWhatNamesNeed(string name, string expected) => Assert.Equal(expected, Query.ImagePath(name));

    [Fact]
    public void Segment_Slash_IsEscaped() => Assert.Equal("a%2F..%2Fb", Query.Segment("a/../b"));
}
