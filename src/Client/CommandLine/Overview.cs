using System.Text;

namespace Berth.Client.CommandLine;

/// <summary>The lists of commands that <c>berth --help</c> and <c>berth container --help</c> print.</summary>
internal static class Overview
{
    private static readonly string[] Common = ["run", "exec", "ps", "logs", "stop", "rm", "pull", "images", "inspect"];

    public static string Format(CommandTree tree, int width)
    {
        var all = tree.All.Where(static command => !command.Path.Contains(' ', StringComparison.Ordinal)).ToList();
        var text = new StringBuilder();
        text.Append("Usage:  berth [OPTIONS] COMMAND\n\nBerth runs containers. Start with 'berth run IMAGE'.\n\nCommon commands:\n");
        HelpWriter.AppendColumns(text, Common.Select(path => Line(all.First(command => command.Path == path))), width);
        text.Append("\nGroups of commands:\n");
        HelpWriter.AppendColumns(text, CommandTree.Groups.Select(static group => (group.Name, group.Summary)), width);
        text.Append("\nCommands:\n");
        HelpWriter.AppendColumns(text, all.Where(static command => !Common.Contains(command.Path)).OrderBy(static command => command.Path, StringComparer.Ordinal).Select(Line), width);
        text.Append("\nGlobal options:\n");
        HelpWriter.AppendOptions(text, GlobalOptions.Spec, width);
        text.Append("\nThe daemon's address comes from -H, BERTH_HOST or DOCKER_HOST, in this order; without any it is\nunix:///run/berth/berth.sock.\n");
        text.Append("\nRun 'berth COMMAND --help' to learn more about a command.\n");
        return text.ToString();
    }

    public static string FormatGroup(CommandTree tree, string group, int width)
    {
        var text = new StringBuilder();
        text.Append("Usage:  berth ").Append(group).Append(" COMMAND\n\n")
            .Append(CommandTree.Groups.First(candidate => candidate.Name == group).Summary).Append("\n\nCommands:\n");
        HelpWriter.AppendColumns(text, tree.InGroup(group).OrderBy(static entry => entry.Word, StringComparer.Ordinal).Select(static entry => (entry.Word, entry.Command.Summary)), width);
        return text.Append($"\nRun 'berth {group} COMMAND --help' to learn more about a command.\n").ToString();
    }

    private static (string Left, string Right) Line(CommandSpec command) => (command.Path, command.Summary);
}
