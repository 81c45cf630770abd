using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace Berth.Daemon.Containers.Logs;

/// <summary>Writes records as Docker's clients read them: the text itself, with a frame, a time or attributes before it as asked for.</summary>
internal static class LogRecordWriter
{
    private const int FrameHeader = 8;

    /// <summary>Room for the frame's header, a time and the text, which never grows by unescaping; attributes come on top.</summary>
    private const int Overhead = FrameHeader + 40;

    public static void Write(IBufferWriter<byte> output, in LogRecord record, LogQuery query)
    {
        var attributes = query.Details ? AttributeText(record.Attributes) : null;
        var span = output.GetSpan(Overhead + record.EscapedText.Length + (attributes?.Length ?? 0));
        var start = query.Framed ? FrameHeader : 0;
        var length = start;
        if (query.Timestamps)
        {
            length += WriteTime(record.Time, span[length..]);
        }

        if (attributes is not null)
        {
            attributes.CopyTo(span[length..]);
            length += attributes.Length;
        }

        length += Unescape(record.EscapedText, span[length..]);
        if (query.Framed)
        {
            span[0] = record.IsStderr ? (byte)2 : (byte)1;
            span[1] = span[2] = span[3] = 0;
            BinaryPrimitives.WriteUInt32BigEndian(span[4..], (uint)(length - start));
        }

        output.Advance(length);
    }

    /// <summary>The time with all nine digits, so that columns line up, and a space.</summary>
    private static int WriteTime(ReadOnlySpan<byte> time, Span<byte> output)
    {
        if (time.Length is < 20 or > 30 || time[^1] != 'Z')
        {
            // Not a form that we know: as it is, but never more than there is room for.
            time = time.Length > 38 ? time[..38] : time;
            time.CopyTo(output);
            output[time.Length] = (byte)' ';
            return time.Length + 1;
        }

        time[..19].CopyTo(output);
        output[19] = (byte)'.';
        output.Slice(20, 9).Fill((byte)'0');
        if (time.Length > 21)
        {
            time[20..^1].CopyTo(output[20..]);
        }

        output[29] = (byte)'Z';
        output[30] = (byte)' ';
        return 31;
    }

    /// <summary>"key=value,key=value ", sorted, both parts escaped as in a URL's query.</summary>
    private static byte[] AttributeText(ReadOnlySpan<byte> attributes)
    {
        if (attributes.IsEmpty)
        {
            return [(byte)' '];
        }

        var pairs = JsonSerializer.Deserialize(attributes, Shared.Api.ApiJson.Default.StringMap) ?? [];
        var text = string.Join(',', pairs.OrderBy(pair => pair.Key, StringComparer.Ordinal)
            .Select(pair => $"{Escape(pair.Key)}={Escape(pair.Value)}"));
        return Encoding.UTF8.GetBytes(text + " ");
    }

    private static string Escape(string text) => Uri.EscapeDataString(text).Replace("%20", "+", StringComparison.Ordinal);

    /// <returns>Bytes written; at most as many as there were.</returns>
    private static int Unescape(ReadOnlySpan<byte> text, Span<byte> output)
    {
        var written = 0;
        while (true)
        {
            var escape = text.IndexOf((byte)'\\');
            if (escape < 0 || escape + 1 >= text.Length)
            {
                text.CopyTo(output[written..]);
                return written + text.Length;
            }

            text[..escape].CopyTo(output[written..]);
            written += escape;
            var kind = text[escape + 1];
            text = text[(escape + 2)..];
            if (kind == 'u')
            {
                written += UnescapeUnicode(ref text, output[written..]);
                continue;
            }

            output[written++] = kind switch
            {
                (byte)'n' => (byte)'\n',
                (byte)'r' => (byte)'\r',
                (byte)'t' => (byte)'\t',
                (byte)'b' => (byte)'\b',
                (byte)'f' => (byte)'\f',
                _ => kind,
            };
        }
    }

    /// <summary>One \uXXXX, or two that make a pair, the first's "\u" being consumed already.</summary>
    private static int UnescapeUnicode(ref ReadOnlySpan<byte> text, Span<byte> output)
    {
        if (!TryHex(text, out var first))
        {
            return Rune.ReplacementChar.EncodeToUtf8(output);
        }

        text = text[4..];
        if (char.IsHighSurrogate((char)first) && text.StartsWith("\\u"u8) && TryHex(text[2..], out var second) && char.IsLowSurrogate((char)second))
        {
            text = text[6..];
            return new Rune((char)first, (char)second).EncodeToUtf8(output);
        }

        return (Rune.TryCreate((char)first, out var rune) ? rune : Rune.ReplacementChar).EncodeToUtf8(output);
    }

    private static bool TryHex(ReadOnlySpan<byte> text, out int value)
    {
        value = 0;
        return text.Length >= 4 && System.Buffers.Text.Utf8Parser.TryParse(text[..4], out value, out var consumed, 'x') && consumed == 4;
    }
}
