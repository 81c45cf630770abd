using Berth.Client.CommandLine;
using Berth.Client.Output;
using Berth.Client.Streams;

namespace Berth.Client.Tests.Engine;

public sealed class FrameDemultiplexerTests
{
    [Fact]
    public void Feed_FramesCutAnywhere_GoToTheirStreams()
    {
        byte[] bytes = [.. Frame(1, "one"), .. Frame(2, "two"), .. Frame(1, ""), .. Frame(1, new string('x', 300))];
        for (var pieceSize = 1; pieceSize < 40; pieceSize++)
        {
            var (output, error) = (new MemorySink(), new MemorySink());
            var frames = new FrameDemultiplexer(output, error);

            foreach (var piece in bytes.Chunk(pieceSize))
            {
                frames.Feed(piece);
            }

            Assert.Equal("one" + new string('x', 300), output.Text);
            Assert.Equal("two", error.Text);
        }
    }

    [Fact]
    public void Feed_FailureFrame_IsThrown()
    {
        var frames = new FrameDemultiplexer(new MemorySink(), new MemorySink());

        var failure = Assert.Throws<CommandFailedException>(() => frames.Feed(Frame(3, "lost the container")));
        Assert.Contains("lost the container", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Feed_WhatAreNoFrames_IsRefused()
        => Assert.Throws<CommandFailedException>(static () => new FrameDemultiplexer(new MemorySink(), new MemorySink()).Feed("plain text, not frames"u8));

    internal static byte[] Frame(byte stream, string text) => [stream, 0, 0, 0, 0, 0, (byte)(text.Length >> 8), (byte)text.Length, .. System.Text.Encoding.UTF8.GetBytes(text)];
}
