using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth pause</c>.</summary>
internal static class PauseCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Freeze every process of running containers",
        Arguments = Arity.AtLeast(1),
        Completes = Completes.RunningContainers,
        Run = static call => call.RequestForEachArgument("POST", static name => $"/containers/{Query.Segment(name)}/pause"),
    };
}
