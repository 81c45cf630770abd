using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>
/// Escapes bytes for a JSON string just as Docker's json-file log does: quote, backslash, control characters, &lt; &gt; &amp; and the two Unicode line separators
/// are escaped, and what is no UTF-8 becomes U+FFFD byte by byte.
/// </summary>
internal static class JsonText
{
    /// <summary>The longest that one byte becomes: \u00xx.</summary>
    public const int MaxExpansion = 6;

    private static ReadOnlySpan<byte> Hex => "0123456789abcdef"u8;

    // E2 begins the line separators; any other byte of valid UTF-8 passes as it is.
    private static readonly SearchValues<byte> specialWhenValid = SearchValues.Create([.. Control(), .. "\"\\<>&"u8, 0xE2]);
    private static readonly SearchValues<byte> special = SearchValues.Create([.. Control(), .. "\"\\<>&"u8, .. Enumerable.Range(0x80, 0x80).Select(b => (byte)b)]);

    /// <param name="to">At least <see cref="MaxExpansion"/> times as long.</param>
    /// <returns>The bytes written.</returns>
    public static int Escape(ReadOnlySpan<byte> from, Span<byte> to)
    {
        var attention = Utf8.IsValid(from) ? specialWhenValid : special;
        var written = 0;
        while (true)
        {
            var plain = from.IndexOfAny(attention);
            if (plain < 0)
            {
                from.CopyTo(to[written..]);
                return written + from.Length;
            }

            from[..plain].CopyTo(to[written..]);
            written += plain;
            written += EscapeOne(from[plain..], to[written..], out var used);
            from = from[(plain + used)..];
        }
    }

    private static int EscapeOne(ReadOnlySpan<byte> from, Span<byte> to, out int used)
    {
        used = 1;
        var first = from[0];
        switch (first)
        {
            case (byte)'"' or (byte)'\\':
                to[0] = (byte)'\\';
                to[1] = first;
                return 2;
            case (byte)'\n':
                @"\n"u8.CopyTo(to);
                return 2;
            case (byte)'\r':
                @"\r"u8.CopyTo(to);
                return 2;
            case < 0x80:
                @"\u00"u8.CopyTo(to);
                to[4] = Hex[first >> 4];
                to[5] = Hex[first & 0xf];
                return 6;
        }

        if (Rune.DecodeFromUtf8(from, out var rune, out var length) != OperationStatus.Done)
        {
            @"\ufffd"u8.CopyTo(to);
            return 6;
        }

        used = length;
        if (rune.Value is 0x2028 or 0x2029)
        {
            @"\u202"u8.CopyTo(to);
            to[5] = Hex[rune.Value & 0xf];
            return 6;
        }

        from[..length].CopyTo(to);
        return length;
    }

    private static byte[] Control() => [.. Enumerable.Range(0, 0x20).Select(b => (byte)b)];
}
