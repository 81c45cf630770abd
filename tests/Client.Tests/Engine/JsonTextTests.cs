using System.Text;
using Berth.Client.Engine;

namespace Berth.Client.Tests.Engine;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("\"a\\ud83d\\ude00b\"", "a😀b")]
    [InlineData("\"a\\ud83db\"", "a\ufffdb")]
    [InlineData("\"a\\uDE00\"", "a\ufffd")]
    [InlineData("\"a\\\\ud83d\"", "a\\ud83d")]
    [InlineData("\"plain\"", "plain")]
    public void Parse_HalfSurrogates_AreReplaced(string json, string expected) => Assert.Equal(expected, JsonText.Parse(Encoding.UTF8.GetBytes(json)).GetString());

    [Fact]
    public void Parse_BytesThatAreNoText_AreReplaced() => Assert.Equal("a\ufffdb", JsonText.Parse(Encoding.Latin1.GetBytes("\"a\u00fcb\"")).GetString());
}
