using Berth.Client.CommandLine;
using Berth.Client.Completion;

namespace Berth.Client.Commands.Daemon;

/// <summary><c>berth docs DIRECTORY</c>: writes a page for each command; the pages in docs/cli are made by it.</summary>
internal static class DocsCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "DIRECTORY",
        Summary = "Write the reference of all commands as Markdown",
        Arguments = Arity.Exactly(1),
        Run = static call =>
        {
            Directory.CreateDirectory(call.Arguments[0]);
            foreach (var (name, text) in CommandPages.All(call.World.Commands))
            {
                File.WriteAllText(Path.Combine(call.Arguments[0], name), text);
            }

            return 0;
        },
    };
}
