using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Networks;

/// <summary><c>berth network ls</c>.</summary>
internal static class NetworkLsCommand
{
    private static readonly ListOption Filter = Opt.Filter();
    private static readonly ValueOption<string> Format = Opt.ListFormat();
    private static readonly Switch NoTrunc = Opt.Switch("no-trunc", "Show everything in full length");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Show ids only");

    public static CommandSpec Define() => new()
    {
        Summary = "List networks",
        Description = "Filters: id, name, driver, label, scope, type (builtin or custom), dangling.",
        Examples =
        [
            "berth network ls -f type=custom # Those that somebody made",
            "berth network ls --format '{{.Name}} {{.Driver}}' # Names and drivers",
        ],
        Options = [Filter, Format, NoTrunc, Quiet],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var target = new Query("/networks").AddFilters(call.Get(Filter)).ToString();
        var rows = call.Engine.GetJson(target).AsItems()
            .OrderBy(static network => network.Text("Name"), NaturalOrder.Instance)
            .Select(network => new NetworkRow(network, !call.Get(NoTrunc)));
        var format = call.Get(Quiet) && call.Get(Format) is null or "" or "table" ? "{{.ID}}" : call.Get(Format);
        new ListPrinter<NetworkRow>(NetworkRow.Columns, NetworkRow.Label).Print(call.Out, format, ["ID", "Name", "Driver", "Scope"], rows);
        return 0;
    }
}
