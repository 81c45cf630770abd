using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth ps</c>.</summary>
internal static class PsCommand
{
    private static readonly Switch All = Opt.Switch("all", 'a', "Show stopped containers too");
    private static readonly ListOption Filter = Opt.Filter();
    private static readonly ValueOption<string> Format = Opt.ListFormat();
    private static readonly ValueOption<long> Last = Opt.Integer("last", 'n', "Show the newest so many containers, in whatever state");
    private static readonly Switch Latest = Opt.Switch("latest", 'l', "Show the newest container, in whatever state");
    private static readonly Switch NoTrunc = Opt.Switch("no-trunc", "Show everything in full length");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Show ids only");
    private static readonly Switch Size = Opt.Switch("size", 's', "Show how much each container has written");

    public static CommandSpec Define() => new()
    {
        Summary = "List containers",
        Description = "Filters: id, name, label, status, exited, ancestor, before, since, volume, network, publish, expose, health.",
        Examples =
        [
            "berth ps -a -f status=exited # Those that have exited",
            "berth ps --format 'table {{.Names}}\\t{{.Status}}' # Only two columns",
            "berth ps -q -f label=team=web # Ids of one team's containers",
        ],
        Options = [All, Filter, Format, Last, Latest, NoTrunc, Quiet, Size],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var format = call.Get(Format);
        var showsSize = call.Get(Size) || format?.Contains(".Size", StringComparison.Ordinal) == true;
        var limit = call.Get(Latest) ? 1 : call.Get(Last) is > 0 and var last ? last : (long?)null;
        var target = new Query("/containers/json").Add("all", call.Get(All)).Add("limit", limit).Add("size", showsSize).AddFilters(call.Get(Filter)).ToString();
        var now = call.World.Time.GetUtcNow();
        var truncates = !call.Get(NoTrunc);
        var rows = call.Engine.GetJson(target).AsItems().Select(container => new ContainerRow(container, truncates, now));
        string[] table = ["ID", "Image", "Command", "RunningFor", "Status", "Ports", "Names", .. showsSize ? ["Size"] : Array.Empty<string>()];
        new ListPrinter<ContainerRow>(ContainerRow.Columns, ContainerRow.Label).Print(call.Out, call.Get(Quiet) ? "{{.ID}}" : format, table, rows);
        return 0;
    }
}
