using System.Text;
using Berth.Client.Engine;
using Berth.Client.Engine.Http;

namespace Berth.Client.Tests.Engine;

public sealed class JsonSequenceTests
{
    [Theory]
    [InlineData("{\"a\":1}\r\n{\"a\":2}\r\n")]
    [InlineData("{\"a\":1}{\"a\":2}")]
    [InlineData("\u001e{\"a\":1}\n\u001e{\"a\":2}\n")]
    public void Read_ValuesHoweverSeparated_ComeOneByOne(string text)
    {
        foreach (var pieceSize in new[] { 1, 3, 4096 })
        {
            Assert.Equal(["{\"a\":1}", "{\"a\":2}"], Read(text, pieceSize));
        }
    }

    [Fact]
    public void Read_LongValue_GrowsTheBuffer()
    {
        var json = $"{{\"a\":\"{new string('x', 100_000)}\"}}";

        Assert.Equal([json], Read(json, 4096));
    }

    [Theory]
    [InlineData("{\"a\":")]
    [InlineData("{]")]
    [InlineData("oops")]
    public void Read_Malformed_IsAnError(string text) => Assert.Throws<MalformedReplyException>(() => Read(text, 4096));

    private static List<string> Read(string text, int pieceSize)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var at = 0;
        return [.. JsonSequence.Read(buffer =>
        {
            var count = Math.Min(Math.Min(pieceSize, buffer.Length), bytes.Length - at);
            bytes.AsSpan(at, count).CopyTo(buffer.Span);
            at += count;
            return count;
        }).Select(static value => value.GetRawText())];
    }
}
