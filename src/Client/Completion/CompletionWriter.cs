using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Completion;

/// <summary>Works out what can stand at the end of a command line.</summary>
internal sealed class CompletionWriter(ClientWorld world)
{
    /// <summary>Told to the shell when file names fit.</summary>
    public const string FilesDirective = ":files";

    private static readonly string[] Signals = ["HUP", "INT", "QUIT", "KILL", "USR1", "USR2", "TERM", "STOP", "CONT", "WINCH"];

    /// <param name="words">The words after the program's name; the last one is the unfinished one.</param>
    /// <returns>A candidate a line, a tab before what explains it.</returns>
    public IEnumerable<string> Complete(IReadOnlyList<string> words)
    {
        var partial = words.Count == 0 ? "" : words[^1];
        return CompleteAny([.. words.SkipLast(1)], partial).Where(candidate => candidate == FilesDirective || candidate.StartsWith(partial, StringComparison.Ordinal)).Distinct();
    }

    private IEnumerable<string> CompleteAny(List<string> before, string partial)
    {
        var at = SkipGlobalOptions(before);
        if (at == before.Count)
        {
            return partial.StartsWith('-') ? OptionNames(GlobalOptions.Spec) : world.Commands.FirstWords.Select(Describe);
        }

        var path = before[at];
        if (CommandTree.IsGroup(path))
        {
            if (at + 1 == before.Count)
            {
                return world.Commands.InGroup(path).Select(static entry => $"{entry.Word}\t{entry.Command.Summary}");
            }

            path = $"{path} {before[++at]}";
        }

        return world.Commands.Find(path) is { } command ? CompleteCommand(command, before[(at + 1)..], partial) : [];
    }

    private IEnumerable<string> CompleteCommand(CommandSpec command, List<string> before, string partial)
    {
        var arguments = 0;
        for (var i = 0; i < before.Count; i++)
        {
            var option = arguments > 0 && command.OptionsEndAtFirstArgument ? null : CommandParser.Find(command, before[i]);
            if (option is null)
            {
                arguments++;
            }
            else if (option.BareValue is null && !before[i].Contains('=', StringComparison.Ordinal) && ++i == before.Count)
            {
                return Candidates(option.Completes, option.Choices, 0);
            }
        }

        var optionsEnded = arguments > 0 && command.OptionsEndAtFirstArgument;
        if (!optionsEnded && partial.StartsWith("--", StringComparison.Ordinal) && partial.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && CommandParser.Find(command, partial) is { } named)
        {
            return Candidates(named.Completes, named.Choices, 0).Select(value => value == FilesDirective ? value : partial[..(equals + 1)] + value);
        }

        return partial.StartsWith('-') && !optionsEnded ? OptionNames(command)
            : arguments < command.Arguments.Max ? Candidates(command.Completes, [], arguments)
            : [];
    }

    private IEnumerable<string> Candidates(Completes what, IReadOnlyList<string> choices, int argumentsBefore) => what switch
    {
        Completes.Choices => choices,
        Completes.Signals => Signals,
        Completes.Files => [FilesDirective],
        Completes.Containers => Names("/containers/json?all=1", Containers),
        Completes.RunningContainers => Names("/containers/json", Containers),
        Completes.StoppedContainers => Names(new Query("/containers/json").Add("all", value: true).AddFilters(["status=created", "status=exited"]).ToString(), Containers),
        Completes.Images => Names("/images/json", Images),
        Completes.Networks => ["bridge", "host", "none", .. Networks()],
        Completes.NetworkThenContainer => argumentsBefore == 0 ? Networks() : Names("/containers/json?all=1", Containers),
        Completes.Volumes => Names("/volumes", static list => list.Items("Volumes").Select(static volume => volume.Text("Name"))),
        Completes.ImageThenFiles => argumentsBefore == 0 ? Names("/images/json", Images) : [FilesDirective],
        Completes.RunningContainerThenFiles => argumentsBefore == 0 ? Names("/containers/json", Containers) : [FilesDirective],
        _ => [],
    };

    private IEnumerable<string> Networks() => Names("/networks", static list => list.AsItems().Select(static network => network.Text("Name")));

    private static IEnumerable<string> Containers(System.Text.Json.JsonElement list)
        => list.AsItems().SelectMany(static container => container.Texts("Names").Select(name => $"{name.TrimStart('/')}\t{container.Text("Image")}"));

    private static IEnumerable<string> Images(System.Text.Json.JsonElement list)
        => list.AsItems().SelectMany(static image => image.Texts("RepoTags")).Where(static name => !name.StartsWith("<none>", StringComparison.Ordinal));

    private IEnumerable<string> Names(string target, Func<System.Text.Json.JsonElement, IEnumerable<string>> read)
    {
        try
        {
            return [.. read(world.Engine.GetJson(target))];
        }
        catch (Exception unreachable) when (unreachable is EngineUnreachableException or EngineReplyException or IOException)
        {
            return []; // pressing tab is no moment for error messages
        }
    }

    private static IEnumerable<string> OptionNames(CommandSpec command)
        => command.Options.Where(static option => !option.IsHidden).Append(CommandParser.Help).OrderBy(static option => option.Name, StringComparer.Ordinal).Select(static option => $"--{option.Name}\t{option.Help}");

    private string Describe(string word) => world.Commands.Find(word) is { } command ? $"{word}\t{command.Summary}"
        : CommandTree.Groups.FirstOrDefault(group => group.Name == word) is { Summary: { } summary } ? $"{word}\t{summary}"
        : word;

    private static int SkipGlobalOptions(List<string> words)
    {
        var at = 0;
        while (at < words.Count && words[at].StartsWith('-'))
        {
            var option = CommandParser.Find(GlobalOptions.Spec, words[at]);
            at += option is { BareValue: null } && !words[at].Contains('=', StringComparison.Ordinal) ? 2 : 1;
        }

        return Math.Min(at, words.Count);
    }
}
