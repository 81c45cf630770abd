using System.Text;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Tests.Hosting;

/// <summary>The pages about options say what the option table says. With BERTH_WRITE_DOCS=1 they are made so.</summary>
public sealed class ConfigurationDocsTests
{
    private static readonly string Docs = FindDocs();

    [Fact]
    public void Berthd_ShowsTheHelp() => Compare("berthd.md", "help", $"```\n{CommandLine.HelpText()}```\n");

    [Fact]
    public void Configuration_ListsEveryKey() => Compare("configuration.md", "keys", Keys());

    [Fact]
    public void Configuration_ListsWhatIsSoAnyway() => Compare("configuration.md", "settled",
        string.Concat(OptionTable.All.Where(option => option.IsSettled).OrderBy(option => option.Key, StringComparer.Ordinal)
            .Select(option => $"- `{option.Key}`\n")));

    [Fact]
    public void Configuration_ListsWhatIsRefused() => Compare("configuration.md", "refused",
        "| key or option | why |\n| --- | --- |\n" + string.Concat(OptionTable.NotHere.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"| `{entry.Key}` | {entry.Value} |\n")));

    private static string Keys()
    {
        var text = new StringBuilder("| key | value | reloaded | what |\n| --- | --- | --- | --- |\n");
        foreach (var option in OptionTable.All.Where(option => option is { Key: not null, IsSettled: false }).OrderBy(option => option.Key, StringComparer.Ordinal))
        {
            var value = option.Kind switch
            {
                OptionKind.Flag => "true or false",
                OptionKind.List => $"array: {option.ValueName}",
                OptionKind.Map => $"object: {option.ValueName}",
                _ => option.ValueName,
            };
            text.Append($"| `{option.Key}` | {value} | {(option.Reloads ? "yes" : "")} | {option.Help} |\n");
        }

        return text.ToString();
    }

    private static void Compare(string page, string part, string expected)
    {
        var path = Path.Combine(Docs, page);
        var text = File.ReadAllText(path);
        var (begin, end) = ($"<!-- {part}: written by ConfigurationDocsTests -->\n", $"<!-- end of {part} -->");
        var from = text.IndexOf(begin, StringComparison.Ordinal) + begin.Length;
        var to = text.IndexOf(end, from, StringComparison.Ordinal);
        Assert.True(from >= begin.Length && to >= from, $"{page} has no part \"{part}\"");
        if (Environment.GetEnvironmentVariable("BERTH_WRITE_DOCS") == "1")
        {
            File.WriteAllText(path, text[..from] + expected + text[to..]);
            return;
        }

        Assert.Equal(expected, text[from..to]);
    }

    private static string FindDocs()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "api-spec.yaml")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("the tests run from within the repository");
        }

        return Path.Combine(folder, "docs");
    }
}
