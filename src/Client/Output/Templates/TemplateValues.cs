using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Berth.Client.Output.Templates;

/// <summary>What a template may hold: null, bool, long, double, string, a list, an <see cref="ITemplateObject"/>, or JSON's objects and arrays as they are.</summary>
internal static class TemplateValues
{
    /// <summary>JSON's scalars become plain values; the rest stays.</summary>
    public static object? Plain(object? value) => value is not JsonElement json ? value : json.ValueKind switch
    {
        JsonValueKind.String => json.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => json.TryGetInt64(out var whole) ? (object)whole : json.GetDouble(),
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        _ => json,
    };

    /// <summary>Empty things are false, everything else is true.</summary>
    public static bool IsTrue(object? value) => Plain(value) switch
    {
        null => false,
        bool flag => flag,
        long number => number != 0,
        double number => number != 0,
        string text => text.Length > 0,
        JsonElement { ValueKind: JsonValueKind.Array } json => json.GetArrayLength() > 0,
        JsonElement { ValueKind: JsonValueKind.Object } json => json.EnumerateObject().Any(),
        IReadOnlyList<object?> list => list.Count > 0,
        _ => true,
    };

    /// <summary>How the value is printed, after Go's %v.</summary>
    public static string Print(object? value, bool isNested = false) => Plain(value) switch
    {
        null => isNested ? "<nil>" : "<no value>",
        bool flag => flag ? "true" : "false",
        long number => number.ToString(CultureInfo.InvariantCulture),
        double number => Real(number),
        string text => text,
        JsonElement { ValueKind: JsonValueKind.Array } json => $"[{string.Join(' ', json.EnumerateArray().Select(static item => Print(item, isNested: true)))}]",
        JsonElement json => $"map[{string.Join(' ', json.EnumerateObject().OrderBy(static member => member.Name, StringComparer.Ordinal).Select(static member => $"{member.Name}:{Print(member.Value, isNested: true)}"))}]",
        IReadOnlyList<object?> list => $"[{string.Join(' ', list.Select(static item => Print(item, isNested: true)))}]",
        ITemplateObject row => $"map[{string.Join(' ', row.Names.Select(name => $"{name}:{(row.TryGet(name, out var part) ? Print(part, isNested: true) : "")}"))}]",
        var other => other.ToString()!,
    };

    /// <exception cref="TemplateException">The value has no such part.</exception>
    public static object? Field(object? value, string name)
    {
        switch (Plain(value))
        {
            case ITemplateObject row:
                return row.TryGet(name, out var part) ? part : throw new TemplateException($"can't evaluate field {name}");
            case JsonElement { ValueKind: JsonValueKind.Object } json:
                return Member(json, name);
            case null:
                return null;
            default:
                throw new TemplateException($"can't evaluate field {name} in a value that has no fields");
        }
    }

    /// <summary>The items of a list or map with their keys, maps in the order of their keys.</summary>
    public static IEnumerable<(object? Key, object? Value)> Items(object? value)
    {
        switch (Plain(value))
        {
            case null:
                return [];
            case JsonElement { ValueKind: JsonValueKind.Array } json:
                return json.EnumerateArray().Select(static (item, i) => ((object?)(long)i, Plain(item)));
            case JsonElement { ValueKind: JsonValueKind.Object } json:
                return json.EnumerateObject().OrderBy(static member => member.Name, StringComparer.Ordinal)
                    .Select(static member => ((object?)member.Name, Plain(member.Value)));
            case IReadOnlyList<object?> list:
                return list.Select(static (item, i) => ((object?)(long)i, item));
            case long count:
                return Enumerable.Range(0, (int)Math.Clamp(count, 0, 1_000_000)).Select(static i => ((object?)(long)i, (object?)(long)i));
            default:
                throw new TemplateException($"range can't iterate over {Print(value)}");
        }
    }

    /// <summary>The value as JSON, compact.</summary>
    public static string Json(object? value)
    {
        switch (value)
        {
            case JsonElement json:
                return json.ValueKind == JsonValueKind.Undefined ? "null" : JsonIndenter.Compact(json.GetRawText());
            case ITemplateObject row:
                return $"{{{string.Join(',', row.Names.Select(name => $"{Quoted(name)}:{(row.TryGet(name, out var part) ? Json(part) : "null")}"))}}}";
            case IReadOnlyList<object?> list:
                return $"[{string.Join(',', list.Select(Json))}]";
            case string text:
                return Quoted(text);
            case null:
                return "null";
            default:
                return Print(value);
        }
    }

    /// <summary>A JSON string with the escapes Go makes: angle brackets and ampersand too, nothing of other scripts.</summary>
    public static string Quoted(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (var c in text)
        {
            _ = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' => quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>The exact name first; then any case, since the API's names (Id) and Go's (ID) differ in case alone.</summary>
    private static object? Member(JsonElement json, string name)
    {
        if (json.TryGetProperty(name, out var exact))
        {
            return Plain(exact);
        }

        foreach (var member in json.EnumerateObject())
        {
            if (member.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return Plain(member.Value);
            }
        }

        throw new MissingKeyException(name);
    }

    private static string Real(double number)
    {
        var plain = Math.Abs(number) is 0 or (>= 1e-4 and < 1e21);
        return plain ? number.ToString("0.#################", CultureInfo.InvariantCulture) : number.ToString("0.################e+00", CultureInfo.InvariantCulture);
    }
}
