using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth stop</c>.</summary>
internal static class StopCommand
{
    internal static readonly ValueOption<string> Signal = new("signal", 's', "Signal to send instead of the container's own", static text => text) { Completes = Completes.Signals };
    internal static readonly ValueOption<long> Timeout = Opt.Integer("timeout", 't', "Seconds to wait before the container is killed; -1 waits for ever");
    internal static readonly ValueOption<long> Time = Opt.Hidden("time", "Same as --timeout");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Stop running containers",
        Description = "Sends the container its stop signal (SIGTERM unless it has another), and SIGKILL when it is still there after the timeout (10 seconds unless it has another).",
        Examples = ["berth stop -t 2 web db # Two seconds of grace for each"],
        Options = [Signal, Timeout, Time],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.RunningContainers,
        Run = static call => Run(call, "stop"),
    };

    /// <summary>Stop and restart differ in the verb alone.</summary>
    internal static int Run(Invocation call, string verb) => call.RequestForEachArgument("POST", name
        => new Query($"/containers/{Query.Segment(name)}/{verb}").Add("signal", call.Get(Signal)).Add("t", call.Get(Timeout) ?? call.Get(Time)).ToString());
}
