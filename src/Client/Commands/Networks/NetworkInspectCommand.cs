using Berth.Client.CommandLine;
using Berth.Client.Engine;

namespace Berth.Client.Commands.Networks;

/// <summary><c>berth network inspect</c>.</summary>
internal static class NetworkInspectCommand
{
    private static readonly ValueOption<string> Format = Opt.ObjectFormat();
    private static readonly Switch Verbose = Opt.Switch("verbose", 'v', "Show what a cluster's network consists of as well");

    public static CommandSpec Define() => new()
    {
        Operands = "NETWORK [NETWORK...]",
        Summary = "Show everything about networks",
        Examples = ["berth network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{println}}{{end}}' shop # Who is on it"],
        Options = [Format, Verbose],
        Arguments = Arity.AtLeast(1),
        Completes = Completes.Networks,
        Run = static call => Inspection.Run(call, call.Get(Format), name =>
        {
            using var reply = call.Engine.Send("GET", new Query($"/networks/{Query.Segment(name)}").Add("verbose", call.Get(Verbose)).ToString());
            return reply.ReadBytes();
        }),
    };
}
