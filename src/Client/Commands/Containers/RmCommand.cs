using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth rm</c>.</summary>
internal static class RmCommand
{
    private static readonly Switch Force = Opt.Switch("force", 'f', "Kill a running container first, and do not mind one that is not there");
    private static readonly Switch Link = Opt.Switch("link", 'l', "Remove the link of this name, not the container");
    private static readonly Switch Volumes = Opt.Switch("volumes", 'v', "Remove the container's anonymous volumes as well");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Remove containers",
        Examples = ["berth rm -f web # Remove it even while it runs", "berth rm $(berth ps -aq -f status=exited) # Remove all that have exited"],
        Options = [Force, Link, Volumes],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Containers,
        Run = static call => call.RequestForEachArgument(
            "DELETE",
            name => new Query($"/containers/{Query.Segment(name)}").Add("v", call.Get(Volumes)).Add("link", call.Get(Link)).Add("force", call.Get(Force)).ToString(),
            missing => missing.Status == 404 && call.Get(Force)), // what is to be gone is gone
    };
}
