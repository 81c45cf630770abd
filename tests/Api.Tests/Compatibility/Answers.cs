using System.Text;

namespace Berth.Api.Tests.Compatibility;

/// <summary>What an engine said to each command, normalised, as text that people can read and compare.</summary>
/// <remarks>
/// One block for each command: <c>$ command</c>, then lines of standard output after <c>&gt;</c>, of standard error after <c>!</c>, and the
/// exit status after <c>=</c> when it is not 0.
/// </remarks>
internal sealed class Answers
{
    private readonly List<Answer> all = [];

    public IReadOnlyList<Answer> All => all;

    public void Add(Answer answer) => all.Add(answer);

    /// <returns>The answer to the n-th occurrence of a command within a group, or null.</returns>
    public Answer? Find(string group, string command, int occurrence)
        => all.Where(answer => answer.Group == group && answer.Command == command).ElementAtOrDefault(occurrence);

    public static Answers Load(string path)
    {
        var answers = new Answers();
        var group = "";
        foreach (var line in File.ReadLines(path))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                group = line[3..];
            }
            else if (line.StartsWith("$ ", StringComparison.Ordinal))
            {
                answers.Add(new Answer(group, line[2..], []));
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                answers.all[^1].Lines.Add(line);
            }
        }

        return answers;
    }

    public void Save(string path, string headline)
    {
        var text = new StringBuilder($"# {headline}\n");
        var group = "";
        foreach (var answer in all)
        {
            if (answer.Group != group)
            {
                group = answer.Group;
                text.Append($"\n## {group}\n");
            }

            text.Append($"$ {answer.Command}\n");
            answer.Lines.ForEach(line => text.Append(line).Append('\n'));
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text.ToString());
    }
}

internal sealed record Answer(string Group, string Command, List<string> Lines);
