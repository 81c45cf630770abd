using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Volumes;

/// <summary><c>berth volume inspect</c>.</summary>
internal static class VolumeInspectCommand
{
    private static readonly ValueOption<string> Format = Opt.ObjectFormat();

    public static CommandSpec Define() => new()
    {
        Operands = "VOLUME [VOLUME...]",
        Summary = "Show everything about volumes",
        Examples = ["berth volume inspect -f '{{.Mountpoint}}' data # Where its files are on the host"],
        Options = [Format],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Volumes,
        Run = static call => Inspection.Run(call, call.Get(Format), name =>
        {
            using var reply = call.Engine.Send("GET", $"/volumes/{Query.Segment(name)}");
            return reply.ReadBytes();
        }),
    };
}
