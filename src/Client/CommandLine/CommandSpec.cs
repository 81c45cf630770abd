namespace Berth.Client.CommandLine;

/// <summary>A command as data: how it is written, what it takes, how it explains itself, and what it does.</summary>
internal sealed class CommandSpec
{
    /// <summary>The words that call it, without the program's name; given by <see cref="CommandTree"/>.</summary>
    public string Path { get; set; } = "";

    /// <summary>Other ways to write the same command, such as <c>container ls</c> for <c>ps</c>.</summary>
    public IReadOnlyList<string> Aliases { get; set; } = [];

    /// <summary>What follows the options in the usage line.</summary>
    public string Operands { get; init; } = "";

    /// <summary>One line, without a final full stop.</summary>
    public required string Summary { get; init; }

    /// <summary>Paragraphs that teach, below the summary.</summary>
    public string Description { get; init; } = "";

    /// <summary>Command lines with what they are for: the text after the last <c># </c>.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    public IReadOnlyList<Option> Options { get; init; } = [];

    public Arity Arguments { get; init; } = Arity.None;

    /// <summary>Options end at the first argument: what follows belongs to the program in the container.</summary>
    public bool OptionsEndAtFirstArgument { get; init; }

    /// <summary>The exit code for a wrong option; run and exec keep the small codes for the container's program.</summary>
    public int UsageExitCode { get; init; } = 1;

    public Completes Completes { get; init; }

    /// <summary>Does the work and returns the exit code.</summary>
    public required Func<Invocation, int> Run { get; init; }

    public string UsageLine => $"{Path}{(Options.Any(static option => !option.IsHidden) ? " [OPTIONS]" : "")}{(Operands.Length > 0 ? " " + Operands : "")}";
}
