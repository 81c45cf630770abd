using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Networks;

/// <summary><c>berth network rm</c>.</summary>
internal static class NetworkRmCommand
{
    private static readonly Switch Force = Opt.Switch("force", 'f', "Do not mind a network that is not there");

    public static CommandSpec Define() => new()
    {
        Operands = "NETWORK [NETWORK...]",
        Summary = "Remove networks",
        Description = "A network with containers on it stays; take them off first with 'berth network disconnect'.",
        Options = [Force],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Networks,
        Run = static call => call.RequestForEachArgument(
            "DELETE",
            static name => $"/networks/{Query.Segment(name)}",
            missing => missing.Status == 404 && call.Get(Force),
            hidesForgiven: true),
    };
}
