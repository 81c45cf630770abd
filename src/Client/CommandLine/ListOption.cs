namespace Berth.Client.CommandLine;

/// <summary>An option that may be given any number of times; the order is kept.</summary>
internal sealed class ListOption : Option
{
    private readonly Func<string, string>? _check;

    /// <param name="check">Refuses bad text with a <see cref="FormatException"/>, or returns it in the form to be kept.</param>
    public ListOption(string name, char letter, string help, Func<string, string>? check = null)
        : base(name, letter, help)
    {
        ValueName = "list";
        _check = check;
    }

    public override void Accept(OptionValues values, string text) => values.Add(this, _check is null ? text : _check(text));
}
