using System.Text;
using Berth.Client.Output;

namespace Berth.Client.Tests.Output;

public sealed class JsonIndenterTests
{
    [Theory]
    [InlineData("{}", "{}")]
    [InlineData("[ ]", "[]")]
    [InlineData("""{"a":1,"b":[true,null],"c":{}}""", "{\n    \"a\": 1,\n    \"b\": [\n        true,\n        null\n    ],\n    \"c\": {}\n}")]
    [InlineData("""{"a":"x, \"y\": {z}\\"}""", "{\n    \"a\": \"x, \\\"y\\\": {z}\\\\\"\n}")]
    [InlineData("""{"a":"\u003cb\u003e"}""", "{\n    \"a\": \"\\u003cb\\u003e\"\n}")]
    public void Write_LaysOut_AndKeepsValuesAsTheyAre(string json, string expected)
    {
        var sink = new MemorySink();

        JsonIndenter.Write(Encoding.UTF8.GetBytes(json), sink);

        Assert.Equal(expected, sink.Text);
    }

    [Fact]
    public void Compact_RemovesSpaceOutsideStrings() => Assert.Equal("""{"a b":[1,"c \" d"]}""", JsonIndenter.Compact("{ \"a b\" : [ 1,\n \"c \\\" d\" ] }"));
}
