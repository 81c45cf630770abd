using System.Text;

namespace Berth.Client.CommandLine;

/// <summary>Prints a command's explanation for people at a terminal.</summary>
internal static class HelpWriter
{
    private const int WidestNameColumn = 34;

    public static string Format(CommandSpec command, int width)
    {
        var text = new StringBuilder();
        text.Append("Usage:  berth ").Append(command.UsageLine).Append("\n\n").Append(command.Summary).Append('\n');
        if (command.Description.Length > 0)
        {
            text.Append('\n');
            foreach (var paragraph in command.Description.Split('\n'))
            {
                AppendWrapped(text, paragraph, 0, width);
            }
        }

        if (command.Aliases.Count > 0)
        {
            text.Append("\nAliases:\n  ").AppendJoin(", ", command.Aliases.Prepend(command.Path).Select(static path => "berth " + path)).Append('\n');
        }

        text.Append("\nOptions:\n");
        AppendOptions(text, command, width);
        if (command.Examples.Count > 0)
        {
            text.Append("\nExamples:\n");
            AppendExamples(text, command.Examples);
        }

        return text.ToString();
    }

    public static void AppendOptions(StringBuilder text, CommandSpec command, int width)
        => AppendColumns(text, Listed(command).Select(static option => (Left(option), Right(option))), width);

    /// <summary>The options that help and documentation show, in order.</summary>
    public static IEnumerable<Option> Listed(CommandSpec command)
        => command.Options.Where(static option => !option.IsHidden).Append(CommandParser.Help).OrderBy(static option => option.Name, StringComparer.Ordinal);

    /// <summary>Two columns, the right one wrapped within the width.</summary>
    public static void AppendColumns(StringBuilder text, IEnumerable<(string Left, string Right)> rows, int width)
    {
        var all = rows.ToList();
        var indent = all.Where(static row => row.Left.Length <= WidestNameColumn).Select(static row => row.Left.Length).DefaultIfEmpty(0).Max() + 5;
        foreach (var (left, right) in all)
        {
            text.Append("  ").Append(left);
            if (left.Length + 2 > indent - 2)
            {
                text.Append('\n').Append(' ', indent);
            }
            else
            {
                text.Append(' ', indent - left.Length - 2);
            }

            AppendWrapped(text, right, indent, width, indented: true);
        }
    }

    private static void AppendExamples(StringBuilder text, IReadOnlyList<string> examples)
    {
        var first = true;
        foreach (var example in examples)
        {
            var mark = example.LastIndexOf("# ", StringComparison.Ordinal);
            text.Append(first ? "" : "\n").Append("  # ").Append(example[(mark + 2)..]).Append("\n  ").Append(example[..mark].TrimEnd()).Append('\n');
            first = false;
        }
    }

    public static string Left(Option option)
        => $"{(option.Letter == Opt.NoLetter ? "   " : $"-{option.Letter},")} --{option.Name}{(option.ValueName.Length > 0 ? " " + option.ValueName : "")}";

    public static string Right(Option option)
    {
        var text = option.Help;
        if (option.Choices.Count > 0)
        {
            text += $" ({string.Join(", ", option.Choices)})";
        }

        return option.DefaultText is { } value ? $"{text} (default {value})"
            : option is Switch { Default: true } ? $"{text} (default true)"
            : text;
    }

    private static void AppendWrapped(StringBuilder text, string paragraph, int indent, int width, bool indented = false)
    {
        var room = Math.Max(30, width - indent);
        var column = 0;
        if (!indented)
        {
            text.Append(' ', indent);
        }

        foreach (var word in paragraph.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (column > 0 && column + 1 + word.Length > room)
            {
                text.Append('\n').Append(' ', indent);
                column = 0;
            }

            if (column > 0)
            {
                text.Append(' ');
                column++;
            }

            text.Append(word);
            column += word.Length;
        }

        text.Append('\n');
    }
}
