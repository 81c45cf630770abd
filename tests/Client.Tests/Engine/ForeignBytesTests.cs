using System.Text;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Engine.Http;
using Berth.Client.Output;
using Berth.Client.Output.Templates;
using Berth.Client.Streams;

namespace Berth.Client.Tests.Engine;

/// <summary>Thousands of spoilt inputs, the same on every run: parsers of foreign bytes refuse in their own words or not at all.</summary>
public sealed class ForeignBytesTests
{
    private const int Rounds = 20_000;

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n")]
    [InlineData("HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"message\":1}")]
    public void HttpReply_Spoilt_IsReadOrRefused(string sample) => Spoil(sample, static bytes =>
    {
        using var connection = new HttpConnection(new ByteTransport(bytes));
        try
        {
            var body = new HttpBody(connection, connection.ReadHead(), "GET");
            var buffer = new byte[64];
            while (body.Read(buffer) > 0)
            {
            }
        }
        catch (Exception refused) when (refused is MalformedReplyException or EndOfStreamException)
        {
        }
    });

    [Fact]
    public void JsonSequence_Spoilt_IsReadOrRefused() => Spoil("{\"status\":\"x\",\"progressDetail\":{\"current\":1}}\r\n{\"aux\":[1,2,\"\\u003c\"]}\n", static bytes =>
    {
        var transport = new ByteTransport(bytes);
        try
        {
            foreach (var value in JsonSequence.Read(buffer => transport.Read(buffer.Span)))
            {
                _ = Berth.Client.Output.Progress.ProgressLine.Read(value).Draw(120);
            }
        }
        catch (MalformedReplyException)
        {
        }
    });

    [Fact]
    public void Frames_Spoilt_AreShownOrRefused() => Spoil("\u0001\0\0\0\0\0\0\u0005hello\u0002\0\0\0\0\0\0\u0003err", static bytes =>
    {
        try
        {
            new FrameDemultiplexer(new MemorySink(), new MemorySink()).Feed(bytes);
        }
        catch (CommandFailedException)
        {
        }
    });

    [Theory]
    [InlineData("{{range $k, $v := .A}}{{if eq $v 1}}{{printf \"%5d %s\" $v \"x\"}}{{else}}{{json . | upper}}{{end}}{{end}}")]
    [InlineData("{{with (index .A 0)}}{{- .B.C -}}{{/* c */}}{{`r`}}{{end}} {{$x := len .A}}{{slice \"abc\" 1 $x}}")]
    public void Template_Spoilt_IsAppliedOrRefused(string sample)
    {
        using var json = System.Text.Json.JsonDocument.Parse("""{"A":[1,2],"B":{"C":"d"}}""");
        Spoil(sample, bytes =>
        {
            try
            {
                Template.Parse(Encoding.Latin1.GetString(bytes)).Apply(json.RootElement);
            }
            catch (TemplateException)
            {
            }
        });
    }

    private static void Spoil(string sample, Action<byte[]> read)
    {
        var random = new Random(20260101);
        var original = Encoding.Latin1.GetBytes(sample);
        for (var round = 0; round < Rounds; round++)
        {
            var bytes = original.ToList();
            for (var change = random.Next(1, 4); change > 0 && bytes.Count > 0; change--)
            {
                var at = random.Next(bytes.Count);
                switch (random.Next(4))
                {
                    case 0:
                        bytes[at] = (byte)random.Next(256);
                        break;
                    case 1:
                        bytes.RemoveAt(at);
                        break;
                    case 2:
                        bytes.Insert(at, bytes[random.Next(bytes.Count)]);
                        break;
                    default:
                        bytes.RemoveRange(at, random.Next(bytes.Count - at));
                        break;
                }
            }

            read([.. bytes]);
        }
    }

    private sealed class ByteTransport(byte[] bytes) : Transport
    {
        private int _at;

        public override int Read(Span<byte> buffer)
        {
            var count = Math.Min(buffer.Length, bytes.Length - _at);
            bytes.AsSpan(_at, count).CopyTo(buffer);
            _at += count;
            return count;
        }

        public override void Write(ReadOnlySpan<byte> written)
        {
        }

        public override void CloseWrite()
        {
        }

        public override void Dispose()
        {
        }
    }
}
