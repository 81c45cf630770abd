using System.Text;

namespace Berth.Client.Engine.Http;

/// <summary>Reads the head of a reply, RFC 9112 §4 and §5, refusing what two readers might understand differently.</summary>
internal static class HttpHeadParser
{
    private const int MostFields = 200;

    /// <param name="text">The head from the status line to the last field's CRLF, without the empty line.</param>
    /// <exception cref="MalformedReplyException">Not such a head.</exception>
    public static HttpHead Parse(ReadOnlySpan<byte> text)
    {
        var lineEnd = text.IndexOf("\r\n"u8);
        var status = ParseStatusLine(lineEnd < 0 ? text : text[..lineEnd]);
        var fields = new List<KeyValuePair<string, string>>(8);
        var rest = lineEnd < 0 ? default : text[(lineEnd + 2)..];
        while (rest.Length > 0)
        {
            lineEnd = rest.IndexOf("\r\n"u8);
            var line = lineEnd < 0 ? rest : rest[..lineEnd];
            rest = lineEnd < 0 ? default : rest[(lineEnd + 2)..];
            fields.Add(ParseField(line));
            if (fields.Count > MostFields)
            {
                throw new MalformedReplyException("too many header fields");
            }
        }

        return new HttpHead(status, fields);
    }

    private static int ParseStatusLine(ReadOnlySpan<byte> line)
    {
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[7] is not ((byte)'0' or (byte)'1') || line[8] != (byte)' '
            || !TryDigits(line.Slice(9, 3), out var status) || (line.Length > 12 && line[12] != (byte)' '))
        {
            throw new MalformedReplyException($"bad status line \"{Encoding.Latin1.GetString(line[..Math.Min(line.Length, 60)])}\"");
        }

        return status;
    }

    private static KeyValuePair<string, string> ParseField(ReadOnlySpan<byte> line)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(TokenBytes) || line.ContainsAny((byte)'\r', (byte)'\n', (byte)0))
        {
            throw new MalformedReplyException("bad header field");
        }

        var name = Encoding.Latin1.GetString(line[..colon]);
        var value = Encoding.UTF8.GetString(line[(colon + 1)..].Trim(" \t"u8));
        return new(name, value);
    }

    private static readonly System.Buffers.SearchValues<byte> TokenBytes
        = System.Buffers.SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    private static bool TryDigits(ReadOnlySpan<byte> digits, out int number)
    {
        number = 0;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            number = (number * 10) + digit - '0';
        }

        return number >= 100;
    }
}
