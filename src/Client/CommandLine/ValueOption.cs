namespace Berth.Client.CommandLine;

/// <summary>An option with one value; the last occurrence counts.</summary>
internal sealed class ValueOption<T>(string name, char letter, string help, Func<string, T> parse) : Option(name, letter, help)
{
    public override void Accept(OptionValues values, string text) => values.Set(this, parse(text)!);
}
