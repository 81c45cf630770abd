using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth container inspect</c>.</summary>
internal static class ContainerInspectCommand
{
    private static readonly ValueOption<string> Format = Opt.ObjectFormat();
    private static readonly Switch Size = Opt.Switch("size", 's', "Show how much the container has written");

    public static CommandSpec Define() => new()
    {
        Operands = "CONTAINER [CONTAINER...]",
        Summary = "Show everything about containers",
        Options = [Format, Size],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Containers,
        Run = static call => Inspection.Run(call, call.Get(Format), name =>
        {
            using var reply = call.Engine.Send("GET", new Query($"/containers/{Query.Segment(name)}/json").Add("size", call.Get(Size)).ToString());
            return reply.ReadBytes();
        }),
    };
}
