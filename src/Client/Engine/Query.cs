using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Berth.Client.Engine;

/// <summary>Builds a request target: a path, its escaped parts, and a query.</summary>
internal sealed class Query(string path)
{
    private readonly StringBuilder _target = new(path);
    private bool _hasQuery;

    /// <summary>Adds a parameter; nothing for <see langword="null"/>.</summary>
    public Query Add(string name, string? value)
    {
        if (value is not null)
        {
            _target.Append(_hasQuery ? '&' : '?').Append(name).Append('=');
            AppendEscaped(_target, value, keep: "-._~");
            _hasQuery = true;
        }

        return this;
    }

    public Query Add(string name, bool value) => value ? Add(name, "1") : this;

    public Query Add(string name, long? value) => Add(name, value?.ToString(CultureInfo.InvariantCulture));

    /// <summary>Adds <c>filters</c> from key=value texts, in the API's form: a map from key to the list of its values.</summary>
    public Query AddFilters(IReadOnlyList<string> filters)
    {
        if (filters.Count == 0)
        {
            return this;
        }

        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach (var group in filters.Select(static filter => filter.Split('=', 2)).GroupBy(static pair => pair[0].Trim().ToLowerInvariant()))
            {
                json.WriteStartArray(group.Key);
                foreach (var pair in group)
                {
                    json.WriteStringValue(pair[1].Trim());
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        }

        return Add("filters", Encoding.UTF8.GetString(bytes.ToArray()));
    }

    /// <summary>A container's or exec's name as one path segment.</summary>
    public static string Segment(string name)
    {
        var text = new StringBuilder(name.Length);
        AppendEscaped(text, name, keep: "-._~");
        return text.ToString();
    }

    /// <summary>An image's name, whose slashes, colons and at signs stay as they are.</summary>
    public static string ImagePath(string name)
    {
        var text = new StringBuilder(name.Length);
        AppendEscaped(text, name, keep: "-._~/:@");
        return text.ToString();
    }

    public override string ToString() => _target.ToString();

    /// <summary>Percent-encoding of RFC 3986; System.Uri would cost more than the whole request.</summary>
    private static void AppendEscaped(StringBuilder text, string value, string keep)
    {
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in value.EnumerateRunes())
        {
            if (rune.IsAscii && (char.IsAsciiLetterOrDigit((char)rune.Value) || keep.Contains((char)rune.Value, StringComparison.Ordinal)))
            {
                text.Append((char)rune.Value);
                continue;
            }

            foreach (var unit in utf8[..rune.EncodeToUtf8(utf8)])
            {
                text.Append(CultureInfo.InvariantCulture, $"%{unit:X2}");
            }
        }
    }
}
