using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth unpause</c>.</summary>
internal static class UnpauseCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Let frozen containers go on",
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Containers,
        Run = static call => call.RequestForEachArgument("POST", static name => $"/containers/{Query.Segment(name)}/unpause"),
    };
}
