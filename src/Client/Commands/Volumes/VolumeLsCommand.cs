using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Volumes;

/// <summary><c>berth volume ls</c>.</summary>
internal static class VolumeLsCommand
{
    private static readonly ListOption Filter = Opt.Filter();
    private static readonly ValueOption<string> Format = Opt.ListFormat();
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Show names only");

    public static CommandSpec Define() => new()
    {
        Summary = "List volumes",
        Description = "Filters: name, driver, label, dangling.",
        Examples =
        [
            "berth volume ls -f dangling=true # Those that no container uses",
            "berth volume ls -q -f label=team=web # Names of one team's volumes",
        ],
        Options = [Filter, Format, Quiet],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var rows = call.Engine.GetJson(new Query("/volumes").AddFilters(call.Get(Filter)).ToString()).Items("Volumes")
            .OrderBy(static volume => volume.Text("Name"), NaturalOrder.Instance)
            .Select(static volume => new VolumeRow(volume));
        var format = call.Get(Quiet) && call.Get(Format) is null or "" or "table" ? "{{.Name}}" : call.Get(Format);
        new ListPrinter<VolumeRow>(VolumeRow.Columns, VolumeRow.Label).Print(call.Out, format, ["Driver", "Name"], rows);
        return 0;
    }
}
