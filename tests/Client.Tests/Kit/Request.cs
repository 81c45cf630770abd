using System.Globalization;
using System.Text;

namespace Berth.Client.Tests.Kit;

/// <summary>A request as it came over the wire.</summary>
/// <param name="Path">Path and query, without the version.</param>
internal sealed record Request(string Method, string Version, string Path, string Fields, string Body)
{
    public static Request? Read(Stream stream)
    {
        var head = ReadUntil(stream, "\r\n\r\n");
        if (head is null)
        {
            return null;
        }

        var firstLine = head[..head.IndexOf("\r\n", StringComparison.Ordinal)].Split(' ');
        var fields = head[(head.IndexOf("\r\n", StringComparison.Ordinal) + 2)..];
        var slash = firstLine[1].IndexOf('/', 1);
        return new Request(firstLine[0], firstLine[1][2..slash], firstLine[1][slash..], fields, ReadBody(stream, fields));
    }

    private static string ReadBody(Stream stream, string fields)
    {
        if (fields.Contains("Transfer-Encoding: chunked", StringComparison.OrdinalIgnoreCase))
        {
            var body = new StringBuilder();
            while (true)
            {
                var size = int.Parse(ReadUntil(stream, "\r\n")!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                body.Append(ReadCount(stream, size));
                ReadUntil(stream, "\r\n");
                if (size == 0)
                {
                    return body.ToString();
                }
            }
        }

        const string Name = "Content-Length: ";
        var at = fields.IndexOf(Name, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? "" : ReadCount(stream, int.Parse(fields[(at + Name.Length)..fields.IndexOf("\r\n", at, StringComparison.Ordinal)], CultureInfo.InvariantCulture));
    }

    private static string ReadCount(Stream stream, int count)
    {
        var bytes = new byte[count];
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    private static string? ReadUntil(Stream stream, string end)
    {
        var text = new StringBuilder();
        while (!text.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            var next = stream.ReadByte();
            if (next < 0)
            {
                return null;
            }

            text.Append((char)next);
        }

        return text.ToString(0, text.Length - end.Length) + (end.Length == 4 ? "\r\n" : "");
    }
}
