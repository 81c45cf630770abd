using Berth.Daemon.Hosting;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Hosting;

public sealed class RequestValueTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("0", false)]
    [InlineData(" False ", false)]
    [InlineData("NO", false)]
    [InlineData("none", false)]
    [InlineData("1", true)]
    [InlineData("yes", true)]
    [InlineData("anything", true)]
    public void Bool_Text_IsReadAsDockerDoes(string? text, bool expected) => Assert.Equal(expected, QueryValues.IsTrue(text));

    [Theory]
    [InlineData("{\"label\":[\"a\",\"b=1\"]}")]
    [InlineData("{\"label\":{\"a\":true,\"b=1\":true,\"c\":false}}")]
    public void Filters_BothForms_MatchLabels(string json)
    {
        var filters = Filters.Parse(json, "label");

        Assert.True(filters.AllowsLabels(new Dictionary<string, string> { ["a"] = "x", ["b"] = "1" }));
        Assert.False(filters.AllowsLabels(new Dictionary<string, string> { ["a"] = "x", ["b"] = "2" }));
        Assert.False(filters.AllowsLabels(null));
    }

    [Fact]
    public void Filters_UnwantedLabel_Excludes()
    {
        var filters = Filters.Parse("{\"label!\":[\"a=1\"]}", "label", "label!");

        Assert.False(filters.AllowsLabels(new Dictionary<string, string> { ["a"] = "1" }));
        Assert.True(filters.AllowsLabels(new Dictionary<string, string> { ["a"] = "2" }));
    }

    [Theory]
    [InlineData("{\"x\":[\"1\"]}", "invalid filter 'x'")]
    [InlineData("[]", "invalid filter")]
    [InlineData("{\"label\":1}", "invalid filter")]
    [InlineData("nonsense", "invalid filter")]
    public void Filters_Wrong_IsInvalidArgument(string json, string words)
    {
        var error = Assert.Throws<EngineException>(() => Filters.Parse(json, "label"));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"dangling\":[\"true\"]}", true)]
    [InlineData("{\"dangling\":[\"0\"]}", false)]
    public void Filters_Bool_IsRead(string json, bool expected) => Assert.Equal(expected, Filters.Parse(json, "dangling").GetBool("dangling"));

    [Theory]
    [InlineData("12", 12_000_000_000)]
    [InlineData("12.5", 12_500_000_000)]
    [InlineData("12.000000001", 12_000_000_001)]
    [InlineData("1970-01-01T00:00:02Z", 2_000_000_000)]
    [InlineData("1970-01-01T01:00:00.25+01:00", 250_000_000)]
    public void Time_BothForms_GiveNanoseconds(string text, long expected)
    {
        Assert.True(ApiTime.TryParse(text, out var nanoseconds));
        Assert.Equal(expected, nanoseconds);
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("12.0000000001")]
    [InlineData("99999999999999999")]
    public void Time_Wrong_IsRefused(string text) => Assert.False(ApiTime.TryParse(text, out _));
}
