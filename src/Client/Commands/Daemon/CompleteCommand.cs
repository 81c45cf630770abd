using Berth.Client.CommandLine;
using Berth.Client.Completion;

namespace Berth.Client.Commands.Daemon;

/// <summary><c>berth __complete -- WORD...</c>: called by the shells' completion scripts.</summary>
internal static class CompleteCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "[WORD...]",
        Summary = "Print what can end a command line",
        Arguments = Arity.Any,
        OptionsEndAtFirstArgument = true,
        Run = static call =>
        {
            foreach (var candidate in new CompletionWriter(call.World).Complete(call.Arguments))
            {
                call.Out.WriteLine(candidate);
            }

            return 0;
        },
    };
}
