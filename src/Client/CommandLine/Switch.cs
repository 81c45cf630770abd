namespace Berth.Client.CommandLine;

/// <summary>An option that is on or off; <c>--name=false</c> switches off.</summary>
internal sealed class Switch(string name, char letter, string help) : Option(name, letter, help)
{
    public override string ValueName { get; init; } = "";

    public bool Default { get; init; }

    public override string? BareValue => "true";

    public override void Accept(OptionValues values, string text) => values.Set(this, text switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => throw new FormatException($"\"{text}\" is neither true nor false"),
    });
}
