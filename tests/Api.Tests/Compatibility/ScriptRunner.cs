using System.Globalization;
using Berth.Kit;

namespace Berth.Api.Tests.Compatibility;

/// <summary>Asks one engine, by the unmodified docker CLI, all that the script says.</summary>
internal sealed class ScriptRunner : IDisposable
{
    private const int Ports = 6;

    private static readonly TimeSpan CommandLimit = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory files = new();
    private readonly string host;
    private readonly Dictionary<string, string> variables = [];
    private Normalizer? normalizer;

    /// <param name="host">The engine's socket, as DOCKER_HOST has it.</param>
    public ScriptRunner(string host) => this.host = host;

    /// <summary>Runs the groups that this host can run, one command after the other.</summary>
    public async Task<Answers> RunAsync(IEnumerable<ScriptGroup> groups)
    {
        var answers = new Answers();
        foreach (var group in groups.Where(static group => !group.NeedsCgroupV1 || !Host.HasCgroup2))
        {
            await StartGroupAsync();
            foreach (var command in group.Commands)
            {
                answers.Add(new Answer(group.Title, command, normalizer!.Lines(command, await ShellAsync(command).RunAsync())));
            }
        }

        await ClearAsync();
        return answers;
    }

    public void Dispose() => files.Dispose();

    private async Task StartGroupAsync()
    {
        await ClearAsync();
        var work = files["work"];
        if (Directory.Exists(work))
        {
            Directory.Delete(work, recursive: true);
        }

        Directory.CreateDirectory(work);
        variables["W"] = work;

        // Adjacent, since ranges are published too.
        var first = FreePorts();
        for (var port = 1; port <= Ports; port++)
        {
            variables[$"P{port}"] = (first + port - 1).ToString(CultureInfo.InvariantCulture);
        }

        var root = (await ShellAsync("docker info --format '{{.DockerRootDir}}'").RunAsync()).Expect(0).Text;
        var subnet = (await ShellAsync("docker network inspect bridge --format '{{(index .IPAM.Config 0).Subnet}}'").RunAsync()).Expect(0).Text;
        var machine = (await ShellAsync("hostname").RunAsync()).Expect(0).Text;
        List<(string, string)> literals = [(root, "<data>"), (work, "<work>"), (subnet[..subnet.LastIndexOf('.')] + ".", "<bridge>.")];
        literals.AddRange(variables.Where(static variable => variable.Key[0] == 'P').Select(static variable => (variable.Value, $"<{variable.Key}>")));
        if (machine.Length > 3)
        {
            literals.Add((machine, "<host>")); // a shorter name would be found within other words
        }

        normalizer = new Normalizer(literals);
    }

    private async Task ClearAsync()
    {
        await ShellAsync("docker ps -aq | xargs -r docker rm -f -v > /dev/null; docker network prune -f > /dev/null; docker volume prune -f -a > /dev/null").RunAsync();
    }

    private Command ShellAsync(string command)
    {
        var shell = new Command("bash", "-c", command).Within(CommandLimit)
            .With("BASH_ENV", Path.Combine(CompatibilityScript.Folder, "prelude.sh"))
            .With("DOCKER_HOST", host)
            .With("DOCKER_CONFIG", files["docker"])
            .With("LC_ALL", "C")
            .With("TZ", "UTC")
            .With("TMPDIR", files.Path);
        foreach (var (name, value) in variables)
        {
            shell.With(name, value);
        }

        return shell;
    }

    private static int FreePorts()
    {
        // Below the range from which the kernel and the engines choose.
        for (var first = 20000 + (Environment.ProcessId % 1000 * 10); ; first += Ports)
        {
            if (Enumerable.Range(first, Ports).All(static port => Host.IsFree(port)))
            {
                return first;
            }
        }
    }
}
