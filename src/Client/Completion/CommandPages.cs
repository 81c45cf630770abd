using System.Text;
using Berth.Client.CommandLine;

namespace Berth.Client.Completion;

/// <summary>The reference of all commands in Markdown, made from their definitions so that it cannot disagree with them.</summary>
internal static class CommandPages
{
    /// <returns>File names with their text.</returns>
    public static IEnumerable<(string Name, string Text)> All(CommandTree tree)
    {
        var commands = tree.All.OrderBy(static command => command.Path, StringComparer.Ordinal).ToList();
        yield return ("README.md", Index(commands));
        foreach (var command in commands)
        {
            yield return (FileName(command), Page(command));
        }
    }

    private static string FileName(CommandSpec command) => $"berth-{command.Path.Replace(' ', '-')}.md";

    private static string Index(List<CommandSpec> commands)
    {
        var text = new StringBuilder();
        text.Append("# The `berth` command line\n\nThese pages are written by `berth docs`; change the commands' definitions in `src/Client/Commands`, not the pages.\n\n");
        text.Append("The daemon's address comes from `-H`, `BERTH_HOST` or `DOCKER_HOST`, in this order; without any it is `unix:///run/berth/berth.sock`.\n");
        text.Append("For `tcp://` addresses, `--tlsverify` or `DOCKER_TLS_VERIFY` turns mutual TLS on, with the certificates in `DOCKER_CERT_PATH`.\n\n");
        text.Append("| command | what it does |\n| --- | --- |\n");
        foreach (var command in commands)
        {
            text.Append($"| [`berth {command.Path}`]({FileName(command)}) | {Escaped(command.Summary)} |\n");
        }

        text.Append("\n## Global options\n\n");
        AppendOptions(text, GlobalOptions.Spec);
        return text.ToString();
    }

    private static string Page(CommandSpec command)
    {
        var text = new StringBuilder();
        text.Append($"# berth {command.Path}\n\n{command.Summary}.\n\n```\nberth {command.UsageLine}\n```\n");
        if (command.Aliases.Count > 0)
        {
            text.Append($"\nThe same command: {string.Join(", ", command.Aliases.Select(static alias => $"`berth {alias}`"))}.\n");
        }

        foreach (var paragraph in command.Description.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            text.Append('\n').Append(paragraph).Append('\n');
        }

        text.Append("\n## Options\n\n");
        AppendOptions(text, command);
        if (command.Examples.Count > 0)
        {
            text.Append("\n## Examples\n");
            foreach (var example in command.Examples)
            {
                var mark = example.LastIndexOf("# ", StringComparison.Ordinal);
                text.Append($"\n{example[(mark + 2)..]}:\n\n```\n{example[..mark].TrimEnd()}\n```\n");
            }
        }

        return text.ToString();
    }

    private static void AppendOptions(StringBuilder text, CommandSpec command)
    {
        text.Append("| option | meaning |\n| --- | --- |\n");
        foreach (var option in HelpWriter.Listed(command))
        {
            text.Append($"| `{HelpWriter.Left(option).Trim()}` | {Escaped(HelpWriter.Right(option))} |\n");
        }
    }

    private static string Escaped(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
