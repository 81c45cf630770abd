using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth restart</c>.</summary>
internal static class RestartCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Stop containers and start them again",
        Options = [StopCommand.Signal, StopCommand.Timeout, StopCommand.Time],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Containers,
        Run = static call => StopCommand.Run(call, "restart"),
    };
}
