using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Berth.Client.Output.Templates;

/// <summary>The functions a template can call: Go's own and those Docker adds.</summary>
internal static class TemplateFunctions
{
    /// <exception cref="TemplateException">There is no such function, or the arguments do not suit it.</exception>
    public static object? Call(string name, IReadOnlyList<object?> given)
    {
        var arguments = name == "json" ? given : [.. given.Select(TemplateValues.Plain)];
        switch (name)
        {
            case "json":
                return TemplateValues.Json(One(name, arguments));
            case "lower":
                return Text(name, One(name, arguments)).ToLowerInvariant();
            case "upper":
                return Text(name, One(name, arguments)).ToUpperInvariant();
            case "title":
                return Title(Text(name, One(name, arguments)));
            case "join":
                return Join(arguments);
            case "split":
                return Text(name, At(name, arguments, 0)).Split(Text(name, At(name, arguments, 1))).ToList<object?>();
            case "pad":
                return Pad(arguments);
            case "truncate":
                var text = Text(name, At(name, arguments, 0));
                var length = (int)Whole(name, At(name, arguments, 1));
                return text.Length > length ? text[..Math.Max(length, 0)] : text;
            case "print":
                return Spaced(arguments);
            case "println":
                return string.Join(' ', arguments.Select(static argument => TemplateValues.Print(argument, isNested: true))) + "\n";
            case "printf":
                return GoPrintf.Format(Text(name, At(name, arguments, 0)), [.. arguments.Skip(1)]);
            case "len":
                return Length(One(name, arguments));
            case "index":
                return arguments.Skip(1).Aggregate(At(name, arguments, 0), Index);
            case "slice":
                return Slice(arguments);
            case "not":
                return !TemplateValues.IsTrue(One(name, arguments));
            case "eq":
                return arguments.Skip(1).Any(other => AreEqual(At(name, arguments, 0), other));
            case "ne":
                return !AreEqual(At(name, arguments, 0), At(name, arguments, 1));
            case "lt":
                return Compare(name, arguments) < 0;
            case "le":
                return Compare(name, arguments) <= 0;
            case "gt":
                return Compare(name, arguments) > 0;
            case "ge":
                return Compare(name, arguments) >= 0;
            case "html":
                return System.Net.WebUtility.HtmlEncode(Spaced(arguments));
            case "urlquery":
                return System.Net.WebUtility.UrlEncode(Spaced(arguments));
            default:
                throw new TemplateException($"function \"{name}\" not defined");
        }
    }

    private static object? At(string name, IReadOnlyList<object?> arguments, int index)
        => index < arguments.Count ? arguments[index] : throw new TemplateException($"wrong number of args for {name}: got {arguments.Count}");

    private static object? One(string name, IReadOnlyList<object?> arguments)
        => arguments.Count == 1 ? arguments[0] : throw new TemplateException($"wrong number of args for {name}: want 1 got {arguments.Count}");

    private static string Text(string name, object? value)
        => value as string ?? throw new TemplateException($"wrong type of value for {name}: expected a string, got {TemplateValues.Print(value)}");

    private static long Whole(string name, object? value)
        => value is long number ? number : throw new TemplateException($"wrong type of value for {name}: expected a number, got {TemplateValues.Print(value)}");

    private static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            title.Append(title.Length == 0 || !char.IsLetterOrDigit(title[^1]) ? char.ToUpperInvariant(c) : c);
        }

        return title.ToString();
    }

    private static string Join(IReadOnlyList<object?> arguments)
    {
        var list = At("join", arguments, 0);
        var separator = Text("join", At("join", arguments, 1));
        return string.Join(separator, TemplateValues.Items(list).Select(static item => TemplateValues.Print(item.Value)));
    }

    private static string Pad(IReadOnlyList<object?> arguments)
    {
        var text = Text("pad", At("pad", arguments, 0));
        return text.Length == 0 ? text
            : new string(' ', (int)Math.Clamp(Whole("pad", At("pad", arguments, 1)), 0, 10_000)) + text
                + new string(' ', (int)Math.Clamp(Whole("pad", At("pad", arguments, 2)), 0, 10_000));
    }

    /// <summary>Like Go's Print: a space between two neighbours when neither is a string.</summary>
    private static string Spaced(IReadOnlyList<object?> arguments)
    {
        var text = new StringBuilder();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (i > 0 && arguments[i] is not string && arguments[i - 1] is not string)
            {
                text.Append(' ');
            }

            text.Append(TemplateValues.Print(arguments[i], isNested: true));
        }

        return text.ToString();
    }

    private static long Length(object? value) => value switch
    {
        string text => Encoding.UTF8.GetByteCount(text),
        JsonElement { ValueKind: JsonValueKind.Array } json => json.GetArrayLength(),
        JsonElement json => json.EnumerateObject().Count(),
        IReadOnlyList<object?> list => list.Count,
        null => 0,
        _ => throw new TemplateException($"error calling len: {TemplateValues.Print(value)} has no length"),
    };

    private static object? Index(object? collection, object? key)
    {
        switch (collection, key)
        {
            case (JsonElement { ValueKind: JsonValueKind.Object } map, string name):
                return map.TryGetProperty(name, out var value) ? TemplateValues.Plain(value) : null;
            case (JsonElement { ValueKind: JsonValueKind.Array } array, long i):
                return i >= 0 && i < array.GetArrayLength() ? TemplateValues.Plain(array[(int)i]) : throw OutOfRange(i);
            case (IReadOnlyList<object?> list, long i):
                return i >= 0 && i < list.Count ? list[(int)i] : throw OutOfRange(i);
            case (string text, long i):
                var bytes = Encoding.UTF8.GetBytes(text);
                return i >= 0 && i < bytes.Length ? (long)bytes[i] : throw OutOfRange(i);
            case (ITemplateObject row, string name):
                return row.TryGet(name, out var part) ? part : null;
            case (null, _):
                throw new TemplateException("error calling index: index of untyped nil");
            default:
                throw new TemplateException($"error calling index: cannot index with {TemplateValues.Print(key)}");
        }
    }

    private static TemplateException OutOfRange(long i) => new($"error calling index: index out of range: {i}");

    private static object? Slice(IReadOnlyList<object?> arguments)
    {
        var subject = At("slice", arguments, 0);
        var length = (int)Length(subject);
        var from = arguments.Count > 1 ? Whole("slice", arguments[1]) : 0;
        var to = arguments.Count > 2 ? Whole("slice", arguments[2]) : length;
        if (from < 0 || to > length || from > to)
        {
            throw OutOfRange(from > to ? from : to);
        }

        return subject is string text
            ? Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text), (int)from, (int)(to - from))
            : TemplateValues.Items(subject).Skip((int)from).Take((int)(to - from)).Select(static item => item.Value).ToList();
    }

    private static bool AreEqual(object? left, object? right) => (left, right) switch
    {
        (long a, double b) => a == b,
        (double a, long b) => a == b,
        (JsonElement or IReadOnlyList<object?> or ITemplateObject, _) => throw new TemplateException("error calling eq: non-comparable types"),
        _ => Equals(left, right),
    };

    private static int Compare(string name, IReadOnlyList<object?> arguments) => (At(name, arguments, 0), At(name, arguments, 1)) switch
    {
        (long a, long b) => a.CompareTo(b),
        (long or double, long or double) => Convert.ToDouble(arguments[0], CultureInfo.InvariantCulture).CompareTo(Convert.ToDouble(arguments[1], CultureInfo.InvariantCulture)),
        (string a, string b) => string.CompareOrdinal(a, b),
        _ => throw new TemplateException($"error calling {name}: incompatible types for comparison"),
    };
}
