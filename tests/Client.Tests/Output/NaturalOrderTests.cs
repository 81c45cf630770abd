using Berth.Client.Output;

namespace Berth.Client.Tests.Output;

public sealed class NaturalOrderTests
{
    [Theory]
    [InlineData("web2", "web10")]
    [InlineData("web", "web1")]
    [InlineData("a10b2", "a10b10")]
    [InlineData("A", "a")]
    [InlineData("7", "a")]
    [InlineData("v1", "v01")]
    [InlineData("99999999999999999998", "99999999999999999999")]
    [InlineData("", "a")]
    public void Compare_OfTwoNames_PutsTheFirstFirst(string first, string second)
    {
        Assert.True(NaturalOrder.Instance.Compare(first, second) < 0);
        Assert.True(NaturalOrder.Instance.Compare(second, first) > 0);
    }

    [Fact]
    public void Compare_OfEqualNames_IsZero() => Assert.Equal(0, NaturalOrder.Instance.Compare("web01x", "web01x"));
}
