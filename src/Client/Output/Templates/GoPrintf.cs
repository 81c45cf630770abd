using System.Globalization;
using System.Text;

namespace Berth.Client.Output.Templates;

/// <summary>The verbs of Go's Printf that make sense for our values: %v %s %q %d %x %X %o %b %c %t %f %e %g %%, with width, precision and the flags - + 0 and space.</summary>
internal static class GoPrintf
{
    public static string Format(string format, IReadOnlyList<object?> arguments)
    {
        var text = new StringBuilder();
        var next = 0;
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                text.Append(format[i]);
                continue;
            }

            var start = ++i;
            while (i < format.Length && "-+# 0123456789.".Contains(format[i], StringComparison.Ordinal))
            {
                i++;
            }

            if (i == format.Length)
            {
                text.Append("%!(NOVERB)");
                break;
            }

            var verb = format[i];
            if (verb == '%')
            {
                text.Append('%');
            }
            else if (next < arguments.Count)
            {
                text.Append(FormatOne(format[start..i], verb, TemplateValues.Plain(arguments[next++])));
            }
            else
            {
                text.Append("%!").Append(verb).Append("(MISSING)");
            }
        }

        return text.ToString();
    }

    private static string FormatOne(string directive, char verb, object? value)
    {
        var flags = directive.TakeWhile(static c => "-+# 0".Contains(c, StringComparison.Ordinal)).ToArray();
        var numbers = directive[flags.Length..].Split('.');
        var width = Number(numbers[0]) ?? 0;
        int? precision = numbers.Length > 1 ? Number(numbers[1]) ?? 0 : null;
        var body = Body(verb, value, precision);
        if (flags.Contains('+') && value is long or double && body[0] != '-')
        {
            body = "+" + body;
        }

        if (flags.Contains('-'))
        {
            return body.PadRight(width);
        }

        if (flags.Contains('0') && value is long or double && body.Length < width)
        {
            var sign = body[0] is '-' or '+' ? 1 : 0;
            return body[..sign] + body[sign..].PadLeft(width - sign, '0');
        }

        return body.PadLeft(width);
    }

    private static string Body(char verb, object? value, int? precision) => (verb, value) switch
    {
        ('v', _) => TemplateValues.Print(value, isNested: true),
        ('s', null) => "%!s(<nil>)",
        ('s', long or double or bool) => $"%!s({(value is long ? "int" : value is bool ? "bool" : "float64")}={TemplateValues.Print(value)})",
        ('s', _) => Cut(TemplateValues.Print(value), precision),
        ('q', string text) => TemplateValues.Quoted(text),
        ('d', long number) => number.ToString(CultureInfo.InvariantCulture),
        ('x', long number) => number.ToString("x", CultureInfo.InvariantCulture),
        ('X', long number) => number.ToString("X", CultureInfo.InvariantCulture),
        ('o', long number) => Convert.ToString(number, 8),
        ('b', long number) => Convert.ToString(number, 2),
        ('c', long number) => char.ConvertFromUtf32((int)number),
        ('x', string text) => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text)),
        ('X', string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text)),
        ('t', bool flag) => flag ? "true" : "false",
        ('f', double or long) => Convert.ToDouble(value, CultureInfo.InvariantCulture).ToString("F" + (precision ?? 6), CultureInfo.InvariantCulture),
        ('e', double) => ((double)value).ToString((precision is 0 ? "0" : "0." + new string('0', precision ?? 6)) + "e+00", CultureInfo.InvariantCulture),
        ('g', double) => TemplateValues.Print(value),
        _ => $"%!{verb}({TemplateValues.Print(value, isNested: true)})",
    };

    private static string Cut(string text, int? length) => length is { } most && text.Length > most ? text[..most] : text;

    private static int? Number(string digits) => int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Min(number, 10_000) : null;
}
