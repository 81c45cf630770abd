using Berth.Client.CommandLine;

namespace Berth.Client.Tests.CommandLine;

public sealed class SuggestionsTests
{
    [Theory]
    [InlineData("", "", 0)]
    [InlineData("ps", "ps", 0)]
    [InlineData("imagse", "images", 1)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_CountsEdits(string left, string right, int expected) => Assert.Equal(expected, Suggestions.Distance(left, right));

    [Fact]
    public void Nearest_FarWords_AreNotOffered() => Assert.Equal(["inspect"], Suggestions.Nearest("inspct", ["inspect", "images", "info"]));

    [Fact]
    public void Nearest_ABeginning_IsOffered() => Assert.Equal(["history"], Suggestions.Nearest("hist", ["history", "images"]));
}
