using System.Text;
using Berth.Client.Engine.Http;

namespace Berth.Client.Tests.Engine;

public sealed class HttpCodecTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;ext=1\r\nllo\r\n0\r\nTrailer: x\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nhello")]
    [InlineData("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    public void Read_EveryFraming_GivesTheBody(string bytes)
    {
        foreach (var pieceSize in new[] { 1, 2, 3, 7, 4096 })
        {
            Assert.Equal("hello", ReadBody(bytes, pieceSize));
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", "GET")]
    [InlineData("HTTP/1.1 304 Not Modified\r\n\r\n", "POST")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", "HEAD")]
    public void Read_RepliesWithoutABody_AreCompleteAtOnce(string bytes, string method)
    {
        using var connection = new HttpConnection(new TextTransport(bytes, 4096));

        Assert.True(new HttpBody(connection, connection.ReadHead(), method).IsComplete);
    }

    [Theory]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 abc\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nbad name: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\n: x\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nfolded\r\n more\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n")]
    public void Read_WhatIsNotHttp_IsRefused(string bytes) => Assert.Throws<MalformedReplyException>(() => ReadBody(bytes, 4096));

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\nConte")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")]
    public void Read_CutReply_IsAnErrorAndNeverAShortBody(string bytes) => Assert.Throws<EndOfStreamException>(() => ReadBody(bytes, 4096));

    [Fact]
    public void ReadHead_Endless_IsRefused()
        => Assert.Throws<MalformedReplyException>(() => ReadBody("HTTP/1.1 200 OK\r\nX: " + new string('x', 200_000), 4096));

    [Fact]
    public void ReadRaw_AfterAnUpgrade_BeginsWithWhatCameAlong()
    {
        using var connection = new HttpConnection(new TextTransport("HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nabc", 4096));
        Assert.Equal(101, connection.ReadHead().Status);
        var buffer = new byte[10];

        Assert.Equal(3, connection.ReadRaw(buffer));
        Assert.Equal("abc", Encoding.ASCII.GetString(buffer, 0, 3));
        Assert.Equal(0, connection.ReadRaw(buffer));
    }

    [Fact]
    public void WriteRequest_IsOneWrite_WithLengthAndType()
    {
        var transport = new TextTransport("", 1);
        using var connection = new HttpConnection(transport);

        connection.WriteRequest("POST", "/v1.51/x", "berth", "X-A: 1\r\n", "{}"u8, "application/json");

        Assert.Equal(["POST /v1.51/x HTTP/1.1\r\nHost: berth\r\nUser-Agent: Berth-Client\r\nX-A: 1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"], transport.Writes);
    }

    [Fact]
    public void WriteChunk_FramesTheBytes()
    {
        var transport = new TextTransport("", 1);
        using var connection = new HttpConnection(transport);

        connection.WriteChunk("0123456789abcdef!"u8);
        connection.WriteChunk(default);

        Assert.Equal(["11\r\n0123456789abcdef!\r\n", "0\r\n\r\n"], transport.Writes);
    }

    private static string ReadBody(string bytes, int pieceSize)
    {
        using var connection = new HttpConnection(new TextTransport(bytes, pieceSize));
        var body = new HttpBody(connection, connection.ReadHead(), "GET");
        var text = new StringBuilder();
        var buffer = new byte[4];
        int count;
        while ((count = body.Read(buffer)) > 0)
        {
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        Assert.True(body.IsComplete);
        return text.ToString();
    }

    private sealed class TextTransport(string text, int pieceSize) : Transport
    {
        private readonly byte[] _bytes = Encoding.Latin1.GetBytes(text);
        private int _at;

        public List<string> Writes { get; } = [];

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(Math.Min(buffer.Length, pieceSize), _bytes.Length - _at);
            _bytes.AsSpan(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }

        public override void Write(ReadOnlySpan<byte> bytes) => Writes.Add(Encoding.Latin1.GetString(bytes));

        public override void CloseWrite()
        {
        }

        public override void Dispose()
        {
        }
    }
}
