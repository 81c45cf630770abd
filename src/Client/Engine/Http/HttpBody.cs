using System.Globalization;

namespace Berth.Client.Engine.Http;

/// <summary>The body that belongs to a reply's head, RFC 9112 §6: of no length, of a stated one, in chunks, or up to the connection's end.</summary>
internal sealed class HttpBody
{
    private readonly HttpConnection _connection;
    private readonly bool _chunked;
    private readonly bool _untilClose;
    private long _left;

    public HttpBody(HttpConnection connection, HttpHead head, string method)
    {
        _connection = connection;
        var transferEncoding = head["Transfer-Encoding"];
        var length = head["Content-Length"];
        if (method == "HEAD" || head.Status is 204 or 304)
        {
            IsComplete = true;
        }
        else if (transferEncoding is not null)
        {
            if (length is not null || !transferEncoding.Equals("chunked", StringComparison.OrdinalIgnoreCase))
            {
                throw new MalformedReplyException("transfer coding \"" + transferEncoding + "\"" + (length is null ? "" : " beside a length"));
            }

            _chunked = true;
        }
        else if (length is not null)
        {
            if (!long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out _left))
            {
                throw new MalformedReplyException($"content length \"{length}\"");
            }

            IsComplete = _left == 0;
        }
        else
        {
            _untilClose = true;
        }

        KeepsConnection = !_untilClose && !string.Equals(head["Connection"], "close", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether the whole body has been read.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether another request may follow on the connection once this body is complete.</summary>
    public bool KeepsConnection { get; }

    /// <returns>0 at the body's end.</returns>
    /// <exception cref="EndOfStreamException">The connection ended within the body.</exception>
    public int Read(Span<byte> buffer)
    {
        if (IsComplete || buffer.Length == 0)
        {
            return 0;
        }

        if (_chunked && _left == 0 && !NextChunk())
        {
            return 0;
        }

        var wanted = _untilClose ? buffer : buffer[..(int)Math.Min(buffer.Length, _left)];
        var count = _connection.ReadRaw(wanted);
        if (count == 0)
        {
            IsComplete = _untilClose ? true : throw new EndOfStreamException("the daemon's reply was cut off");
            return 0;
        }

        _left -= _untilClose ? 0 : count;
        if (_left == 0 && !_untilClose)
        {
            EndPiece();
        }

        return count;
    }

    private void EndPiece()
    {
        if (!_chunked)
        {
            IsComplete = true;
        }
        else if (_connection.ReadChunkLine().Length > 0)
        {
            throw new MalformedReplyException("chunk longer than its size");
        }
    }

    private bool NextChunk()
    {
        var line = _connection.ReadChunkLine();
        var semicolon = line.IndexOf(';', StringComparison.Ordinal);
        var size = (semicolon < 0 ? line : line[..semicolon]).TrimEnd(' ', '\t');
        if (size.Length is 0 or > 15 || !long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _left))
        {
            throw new MalformedReplyException($"chunk size \"{size[..Math.Min(size.Length, 20)]}\"");
        }

        if (_left > 0)
        {
            return true;
        }

        while (_connection.ReadChunkLine().Length > 0)
        {
            // Trailer fields mean nothing to this client.
        }

        IsComplete = true;
        return false;
    }
}
