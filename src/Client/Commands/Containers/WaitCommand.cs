using System.Globalization;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth wait</c>.</summary>
internal static class WaitCommand
{
    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Wait until containers have stopped and print their exit codes",
        Arguments = Arity.AtLeast(1),
        Completes = Completes.RunningContainers,
        Run = static call => call.ForEachArgument(name =>
        {
            using var reply = call.Engine.Send("POST", $"/containers/{Query.Segment(name)}/wait");
            var result = reply.ReadJson();
            if (result.At("Error").Text("Message") is { Length: > 0 } problem)
            {
                throw new CommandFailedException(problem);
            }

            call.Out.WriteLine(result.Integer("StatusCode").ToString(CultureInfo.InvariantCulture));
            call.Out.Flush(); // the next one may take hours
        }),
    };
}
