namespace Berth.Client.CommandLine;

/// <summary>One option of a command: its names, what it takes, and the words that explain it.</summary>
/// <param name="name">The long name, without dashes.</param>
/// <param name="letter">The short name, or <c>'\0'</c>.</param>
/// <param name="help">One or two sentences without a final full stop.</param>
internal abstract class Option(string name, char letter, string help)
{
    public string Name { get; } = name;

    public char Letter { get; } = letter;

    public string Help { get; } = help;

    /// <summary>What help shows as the value's kind; empty for a switch.</summary>
    public virtual string ValueName { get; init; } = "string";

    /// <summary>The default as help shows it, or <see langword="null"/> when there is nothing worth saying.</summary>
    public string? DefaultText { get; init; }

    public Completes Completes { get; init; }

    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>Accepted, but not shown: kept for scripts written for Docker.</summary>
    public bool IsHidden { get; init; }

    /// <summary>The value a bare <c>--name</c> stands for; <see langword="null"/> when a value must follow.</summary>
    public virtual string? BareValue => null;

    /// <summary>Takes one occurrence's text into account.</summary>
    /// <exception cref="FormatException">The text is not a value of this option; the message says why.</exception>
    public abstract void Accept(OptionValues values, string text);
}
