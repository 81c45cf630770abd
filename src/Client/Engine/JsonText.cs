using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Berth.Client.Engine;

/// <summary>
/// Parses JSON whose strings may hold what no Unicode text may: arguments, labels and file names of containers are bytes, and reach us as
/// the daemon was given them. What cannot be shown becomes the replacement character.
/// </summary>
internal static class JsonText
{
    /// <exception cref="JsonException">Not one JSON value.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> json) => JsonDocument.Parse(Clean(json)).RootElement;

    /// <summary>The same bytes, unless something in them has to be replaced.</summary>
    public static ReadOnlyMemory<byte> Clean(ReadOnlyMemory<byte> json)
    {
        var isValid = Utf8.IsValid(json.Span);
        if (isValid && json.Span.IndexOf("\\ud"u8) < 0 && json.Span.IndexOf("\\uD"u8) < 0)
        {
            return json;
        }

        var text = Encoding.UTF8.GetString(json.Span);
        var clean = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\' || i + 1 == text.Length)
            {
                clean.Append(text[i]);
                continue;
            }

            var unit = Escaped(text, i);
            if (unit is not { } code || !char.IsSurrogate(code))
            {
                clean.Append(text, i, 2);
                i++;
            }
            else if (char.IsHighSurrogate(code) && Escaped(text, i + 6) is { } low && char.IsLowSurrogate(low))
            {
                clean.Append(text, i, 12);
                i += 11;
            }
            else
            {
                clean.Append("\\ufffd"); // half a pair
                i += 5;
            }
        }

        return Encoding.UTF8.GetBytes(clean.ToString());
    }

    /// <summary>The UTF-16 unit that an escape such as <c>\u00e4</c> at this place stands for.</summary>
    private static char? Escaped(string text, int at)
        => at + 6 <= text.Length && text[at] == '\\' && text[at + 1] == 'u'
            && ushort.TryParse(text.AsSpan(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit)
            ? (char)unit
            : null;
}
