using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Volumes;

/// <summary><c>berth volume rm</c>.</summary>
internal static class VolumeRmCommand
{
    private static readonly Switch Force = Opt.Switch("force", 'f', "Do not mind a volume that is not there");

    public static CommandSpec Define() => new()
    {
        Operands = "VOLUME [VOLUME...]",
        Summary = "Remove volumes and all that is in them",
        Description = "A volume that a container uses stays, even when the container is stopped.",
        Options = [Force],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Volumes,
        Run = static call => call.RequestForEachArgument("DELETE", name => new Query($"/volumes/{Query.Segment(name)}").Add("force", call.Get(Force)).ToString()),
    };
}
