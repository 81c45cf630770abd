using Berth.Client.CommandLine;
using Berth.Client.Completion;

namespace Berth.Client.Tests.Commands;

public sealed class DocsTests
{
    [Fact]
    public void Pages_InTheRepository_AreThoseTheCommandsMake()
    {
        var directory = Path.Combine(RepositoryRoot(), "docs", "cli");
        var pages = CommandPages.All(new CommandTree()).ToDictionary();

        Assert.Equal(pages.Keys.Order(StringComparer.Ordinal), Directory.GetFiles(directory).Select(static path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.All(pages, page => Assert.Equal(page.Value, File.ReadAllText(Path.Combine(directory, page.Key))));
    }

    private static string RepositoryRoot()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "Engine.sln")))
        {
            directory = Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("the test does not run below the repository");
        }

        return directory;
    }
}
