using System.Text;
using Berth.Kit;

namespace Berth.Api.Tests.Compatibility;

/// <summary>The same commands, asked of Docker once (the answers are recorded) and of Berth now.</summary>
public sealed class CompatibilityTests
{
    private const string RecordHost = "BERTH_RECORD_HOST";
    private const string RecordVersion = "BERTH_RECORD_VERSION";
    private const string OnlyGroups = "BERTH_COMPAT_GROUPS";

    private static string Recorded => Path.Combine(CompatibilityScript.Folder, "docker.recorded");

    [Fact]
    public async Task Script_OnBerth_IsAnsweredAsByDocker()
    {
        Assert.SkipUnless(Host.IsRoot, "needs root");
        Assert.SkipUnless(Host.Programs is not null, "needs the published programs: make publish");
        await SkipUnlessDockerCliAsync();
        var docker = Answers.Load(Recorded);
        var deviations = Deviations.Load();

        var groups = Chosen();
        Answers berth;
        await using (var daemon = await TestDaemon.StartAsync())
        {
            using var runner = new ScriptRunner($"unix://{daemon.Socket}");
            berth = await runner.RunAsync(groups);
        }

        berth.Save(Path.Combine(Host.Repository, "out", "compatibility", "berth.answers"), "Berth's answers to script.txt");
        var differences = Compare(docker, berth, deviations);
        if (groups.Count == CompatibilityScript.Groups.Count && !Host.HasCgroup2)
        {
            differences.AddRange(deviations.Unused.Select(static deviation => $"no longer differs, take it out of deviations.json: {deviation.Subject}"));
        }

        Assert.True(differences.Count == 0, $"{differences.Count} commands are answered otherwise than by Docker:\n\n{string.Join("\n\n", differences)}");
    }

    /// <summary>Asks a real Docker; scripts/record-docker.sh starts one and calls this.</summary>
    [Fact(Explicit = true)]
    public async Task Record()
    {
        var host = Environment.GetEnvironmentVariable(RecordHost);
        Assert.SkipUnless(host is not null, $"needs {RecordHost}");
        await SkipUnlessDockerCliAsync();

        using var runner = new ScriptRunner(host!);
        var chosen = Chosen();
        var asked = await runner.RunAsync(chosen);

        // Groups that were not asked now keep the answers they have.
        var known = File.Exists(Recorded) ? Answers.Load(Recorded) : new Answers();
        var answers = new Answers();
        foreach (var group in CompatibilityScript.Groups)
        {
            (chosen.Contains(group) ? asked : known).All.Where(answer => answer.Group == group.Title).ToList().ForEach(answers.Add);
        }

        answers.Save(Recorded, $"Docker {Environment.GetEnvironmentVariable(RecordVersion)}'s answers to script.txt; made by scripts/record-docker.sh");
    }

    [Fact]
    public void Recording_HasAnAnswerForEveryCommand()
    {
        var docker = Answers.Load(Recorded);

        Assert.Equal(
            CompatibilityScript.Groups.SelectMany(static group => group.Commands.Select(command => (group.Title, command))),
            docker.All.Select(static answer => (answer.Group, answer.Command)));
    }

    [Fact]
    public void Page_ListsTheDeviations()
    {
        var table = string.Concat(Deviations.Load().All.Select(static deviation => $"| {deviation.Subject} | {deviation.Reason} |\n"));

        Assert.Contains("| what differs | why |\n| --- | --- |\n" + table + "\n", File.ReadAllText(Path.Combine(Host.Repository, "docs", "compatibility.md")), StringComparison.Ordinal);
    }

    private static IReadOnlyList<ScriptGroup> Chosen()
    {
        var only = Environment.GetEnvironmentVariable(OnlyGroups); // parts of their titles, such as "Ports|Logs", for whoever works on one subject
        return only is null ? CompatibilityScript.Groups : [.. CompatibilityScript.Groups.Where(group => only.Split('|').Any(part => group.Title.Contains(part, StringComparison.Ordinal)))];
    }

    private static async Task SkipUnlessDockerCliAsync()
    {
        Assert.SkipUnless(Host.Find("docker") is not null, "needs the docker CLI");
        var version = (await new Command("docker", "--version").RunAsync()).Text;
        Assert.SkipUnless(version.Contains("version 28.", StringComparison.Ordinal), $"the recorded words are those of the docker CLI 28, this is {version}");
    }

    private static List<string> Compare(Answers docker, Answers berth, Deviations deviations)
    {
        var differences = new List<string>();
        var normalizer = new Normalizer([]); // which may know more by now than when Docker was asked
        var seen = new Dictionary<(string, string), int>();
        foreach (var answer in berth.All)
        {
            var key = (answer.Group, answer.Command);
            var occurrence = seen[key] = seen.GetValueOrDefault(key, -1) + 1;
            var expected = docker.Find(answer.Group, answer.Command, occurrence);
            if (expected is null)
            {
                differences.Add($"$ {answer.Command}\nhas not been recorded");
                continue;
            }

            var known = expected.Lines.ConvertAll(line => normalizer.Normalize(line, answer.Command));
            var dockers = Without(known, answer.Lines);
            var berths = Without(answer.Lines, known);
            deviations.TakeOut(answer.Command, dockers, berths);
            if (dockers.Count + berths.Count > 0)
            {
                differences.Add(Describe(answer, dockers, berths));
            }
            else if (!known.Intersect(answer.Lines).SequenceEqual(answer.Lines.Intersect(known)))
            {
                differences.Add($"$ {answer.Command}\nthe same lines in another order");
            }
        }

        return differences;
    }

    /// <summary>What of the first list is not in the second, each line as often as it is missing there.</summary>
    private static List<string> Without(List<string> lines, List<string> others)
    {
        var left = others.ToList();
        return [.. lines.Where(line => !left.Remove(line))];
    }

    private static string Describe(Answer answer, List<string> dockers, List<string> berths)
    {
        var text = new StringBuilder($"[{answer.Group}]\n$ {answer.Command}");
        dockers.ForEach(line => text.Append($"\n  docker {line}"));
        berths.ForEach(line => text.Append($"\n  berth  {line}"));
        return text.ToString();
    }
}
