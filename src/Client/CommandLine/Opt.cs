using System.Globalization;
using Berth.Client.Output;

namespace Berth.Client.CommandLine;

/// <summary>Short ways to write options down; the definitions of commands are read far more often than these.</summary>
internal static class Opt
{
    public const char NoLetter = '\0';

    public static Switch Switch(string name, char letter, string help) => new(name, letter, help);

    public static Switch Switch(string name, string help) => new(name, NoLetter, help);

    public static ValueOption<string> Text(string name, char letter, string help) => new(name, letter, help, static text => text);

    public static ValueOption<string> Text(string name, string help) => Text(name, NoLetter, help);

    public static ValueOption<string> Choice(string name, string help, params string[] choices)
        => new(name, NoLetter, help, static text => text) { Completes = Completes.Choices, Choices = choices };

    public static ListOption List(string name, char letter, string help, Func<string, string>? check = null) => new(name, letter, help, check);

    public static ListOption List(string name, string help, Func<string, string>? check = null) => new(name, NoLetter, help, check);

    public static ValueOption<long> Integer(string name, char letter, string help) => new(name, letter, help, ParseInteger) { ValueName = "int" };

    public static ValueOption<long> Integer(string name, string help) => Integer(name, NoLetter, help);

    /// <summary>An integer option that help does not mention: an older name of another one.</summary>
    public static ValueOption<long> Hidden(string name, string help) => new(name, NoLetter, help, ParseInteger) { ValueName = "int", IsHidden = true };

    public static ValueOption<long> Bytes(string name, char letter, string help) => new(name, letter, help, Quantities.ParseBytes) { ValueName = "bytes" };

    public static ValueOption<long> Bytes(string name, string help) => Bytes(name, NoLetter, help);

    public static ValueOption<TimeSpan> Duration(string name, string help) => new(name, NoLetter, help, Quantities.ParseDuration) { ValueName = "duration" };

    public static ListOption Filter() => List("filter", 'f', "Show only what matches, as key=value; may be repeated", CheckFilter);

    public static ListOption PruneFilter() => List("filter", "Remove only what matches, such as until=24h or label=key=value", CheckFilter);

    public static ValueOption<string> ListFormat()
        => Text("format", "How to print: 'table', 'table TEMPLATE', 'json', or a template such as '{{.ID}}'");

    public static ValueOption<string> ObjectFormat() => Text("format", 'f', "How to print: 'json', or a template such as '{{.Id}}'");

    private static long ParseInteger(string text)
        => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new FormatException($"\"{text}\" is not a whole number");

    private static string CheckFilter(string text)
        => text.IndexOf('=', StringComparison.Ordinal) > 0 ? text : throw new FormatException($"\"{text}\" is not of the form key=value");
}
