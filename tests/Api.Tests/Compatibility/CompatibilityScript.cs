using Berth.Kit;

namespace Berth.Api.Tests.Compatibility;

/// <summary>The commands that are asked of Docker and of Berth; script.txt explains how it is written.</summary>
internal static class CompatibilityScript
{
    private const string CgroupV1Mark = "[cgroup v1]";

    public static string Folder { get; } = Path.Combine(Host.Repository, "tests", "Api.Tests", "Compatibility");

    public static IReadOnlyList<ScriptGroup> Groups { get; } = Read();

    private static List<ScriptGroup> Read()
    {
        var groups = new List<ScriptGroup>();
        foreach (var line in File.ReadLines(Path.Combine(Folder, "script.txt")))
        {
            if (line.StartsWith("## ", StringComparison.Ordinal))
            {
                groups.Add(new ScriptGroup(line[3..], line.EndsWith(CgroupV1Mark, StringComparison.Ordinal), []));
            }
            else if (line.Length > 0 && line[0] != '#')
            {
                groups[^1].Commands.Add(line);
            }
        }

        return groups;
    }
}

/// <summary>Commands that belong together; nothing of the groups before it is left when it starts.</summary>
internal sealed record ScriptGroup(string Title, bool NeedsCgroupV1, List<string> Commands);
