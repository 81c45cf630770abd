using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth kill</c>.</summary>
internal static class KillCommand
{
    private static readonly ValueOption<string> Signal = new("signal", 's', "Signal to send, by name or number", static text => text) { Completes = Completes.Signals, DefaultText = "KILL" };

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Send a signal to running containers",
        Examples = ["berth kill -s HUP web # Ask the program to read its configuration again"],
        Options = [Signal],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.RunningContainers,
        Run = static call => call.RequestForEachArgument("POST", name => new Query($"/containers/{Query.Segment(name)}/kill").Add("signal", call.Get(Signal)).ToString()),
    };
}
