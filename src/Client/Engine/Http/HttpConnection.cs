using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Berth.Client.Engine.Http;

/// <summary>HTTP/1.1 over one connection: requests out, replies in, in order; RFC 9112. Blocking, and frugal on purpose.</summary>
internal sealed class HttpConnection(Transport transport) : IDisposable
{
    private const int LargestHead = 64 * 1024;
    private const int LongestChunkLine = 4096;

    private byte[] _buffer = new byte[4 * 1024]; // holds a head; bodies are read past it where they are large
    private int _start;
    private int _end;

    public Transport Transport => transport;

    /// <summary>Whether bytes arrived that nobody has asked for yet.</summary>
    public bool HasUnreadBytes => _end > _start;

    /// <summary>Writes a request whose whole body is at hand.</summary>
    /// <param name="fields">Further header fields, each ending in CRLF.</param>
    public void WriteRequest(string method, string target, string host, string fields, ReadOnlySpan<byte> body, string? contentType)
    {
        var head = new StringBuilder(256);
        AppendRequestLine(head, method, target, host).Append(fields);
        if (contentType is not null)
        {
            head.Append("Content-Type: ").Append(contentType).Append("\r\n");
        }

        if (contentType is not null || method is "POST" or "PUT")
        {
            head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n");
        }

        head.Append("\r\n");
        var headBytes = Encoding.UTF8.GetByteCount(head.ToString());
        var request = new byte[headBytes + body.Length];
        Encoding.UTF8.GetBytes(head.ToString(), request);
        body.CopyTo(request.AsSpan(headBytes));
        transport.Write(request); // one write: one packet, one wake-up of the daemon
    }

    /// <summary>Writes the head of a request whose body follows by <see cref="WriteChunk"/>.</summary>
    public void WriteChunkedRequest(string method, string target, string host, string contentType, string fields = "")
    {
        var head = AppendRequestLine(new StringBuilder(256), method, target, host).Append(fields)
            .Append("Content-Type: ").Append(contentType).Append("\r\nTransfer-Encoding: chunked\r\n\r\n");
        transport.Write(Encoding.UTF8.GetBytes(head.ToString()));
    }

    /// <summary>Writes one chunk; an empty one ends the body.</summary>
    public void WriteChunk(ReadOnlySpan<byte> bytes)
    {
        var chunk = new byte[bytes.Length + 20];
        Utf8Formatter.TryFormat(bytes.Length, chunk, out var used, 'x');
        "\r\n"u8.CopyTo(chunk.AsSpan(used));
        bytes.CopyTo(chunk.AsSpan(used + 2));
        "\r\n"u8.CopyTo(chunk.AsSpan(used + 2 + bytes.Length));
        transport.Write(chunk.AsSpan(0, used + 4 + bytes.Length));
    }

    /// <summary>Reads the next reply's head, passing over interim ones (100 Continue) other than 101.</summary>
    /// <exception cref="EndOfStreamException">The daemon closed the connection instead.</exception>
    public HttpHead ReadHead()
    {
        while (true)
        {
            var end = FindHeadEnd();
            var head = HttpHeadParser.Parse(_buffer.AsSpan(_start, end - _start));
            _start = end + 4;
            if (head.Status is >= 200 or 101)
            {
                return head;
            }
        }
    }

    /// <summary>Reads bytes as they are, first those that came along with a head.</summary>
    public int ReadRaw(Span<byte> buffer)
    {
        if (_end == _start)
        {
            return transport.Read(buffer);
        }

        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsSpan(_start, count).CopyTo(buffer);
        _start += count;
        return count;
    }

    /// <summary>Reads a line of the chunked coding up to its CRLF.</summary>
    public string ReadChunkLine()
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf("\r\n"u8);
            if (length >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer.AsSpan(_start, length));
                _start += length + 2;
                return line;
            }

            if (_end - _start > LongestChunkLine)
            {
                throw new MalformedReplyException("endless chunk line");
            }

            Fill();
        }
    }

    public void Dispose() => transport.Dispose();

    private static StringBuilder AppendRequestLine(StringBuilder head, string method, string target, string host)
        => head.Append(method).Append(' ').Append(target).Append(" HTTP/1.1\r\nHost: ").Append(host).Append("\r\nUser-Agent: Berth-Client\r\n");

    private int FindHeadEnd()
    {
        var searched = 0;
        while (true)
        {
            var unread = _buffer.AsSpan(_start, _end - _start);
            var at = unread[searched..].IndexOf("\r\n\r\n"u8);
            if (at >= 0)
            {
                return _start + searched + at;
            }

            if (unread.Length > LargestHead)
            {
                throw new MalformedReplyException("endless head");
            }

            searched = Math.Max(0, unread.Length - 3);
            Fill();
        }
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var count = transport.Read(_buffer.AsSpan(_end));
        if (count == 0)
        {
            throw new EndOfStreamException(_end == 0 ? "the daemon closed the connection without a reply" : "the daemon's reply was cut off");
        }

        _end += count;
    }
}
