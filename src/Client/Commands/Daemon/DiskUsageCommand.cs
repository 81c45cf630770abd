using System.Globalization;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Daemon;

/// <summary><c>berth system df</c>.</summary>
internal static class DiskUsageCommand
{
    private static readonly ValueOption<string> Format = Opt.ListFormat();

    public static CommandSpec Define() => new()
    {
        Summary = "Show how much disk the engine uses, and what could be freed",
        Options = [Format],
        Run = Run,
    };

    private sealed record Usage(string Type, int Count, int Active, long Bytes, long Reclaimable);

    private static int Run(Invocation call)
    {
        var usage = call.Engine.GetJson("/system/df");
        Column<Usage>[] columns =
        [
            new("Type", "TYPE", static row => row.Type),
            new("TotalCount", "TOTAL", static row => row.Count.ToString(CultureInfo.InvariantCulture)),
            new("Active", "ACTIVE", static row => row.Active.ToString(CultureInfo.InvariantCulture)),
            new("Size", "SIZE", static row => Quantities.DecimalSize(row.Bytes, 4)),
            new("Reclaimable", "RECLAIMABLE", static row => Reclaimable(row)),
        ];
        new ListPrinter<Usage>(columns).Print(
            call.Out,
            call.Get(Format),
            ["Type", "TotalCount", "Active", "Size", "Reclaimable"],
            [Images(usage), Containers(usage), Volumes(usage), BuildCache(usage)]);
        return 0;
    }

    private static Usage Images(JsonElement usage)
    {
        var images = usage.Items("Images").ToList();
        var total = usage.Integer("LayersSize");
        var used = images.Where(static image => image.Integer("Containers") > 0).ToList();

        // What unused images share with others is not freed with them, and the daemon's sizes say no more than this.
        var usedBytes = used.Sum(static image => image.Integer("Size") - Math.Max(0, image.Integer("SharedSize")));
        return new Usage("Images", images.Count, used.Count, total, Math.Max(0, total - usedBytes));
    }

    private static Usage Containers(JsonElement usage)
    {
        var containers = usage.Items("Containers").ToList();
        var active = containers.Where(static container => container.Text("State") is "running" or "paused" or "restarting").ToList();
        var total = containers.Sum(static container => container.Integer("SizeRw"));
        return new Usage("Containers", containers.Count, active.Count, total, total - active.Sum(static container => container.Integer("SizeRw")));
    }

    private static Usage Volumes(JsonElement usage)
    {
        var volumes = usage.Items("Volumes").Select(static volume => volume.At("UsageData")).ToList();
        var unused = volumes.Where(static volume => volume.Integer("RefCount") == 0).ToList();
        return new Usage("Local Volumes", volumes.Count, volumes.Count - unused.Count, Sum(volumes), Sum(unused));

        // -1 is a size the daemon does not know.
        static long Sum(List<JsonElement> volumes) => volumes.Sum(static volume => Math.Max(0, volume.Integer("Size")));
    }

    private static Usage BuildCache(JsonElement usage)
    {
        var records = usage.Items("BuildCache").ToList();
        var active = records.Where(static record => record.Flag("InUse")).ToList();
        return new Usage("Build Cache", records.Count, active.Count, records.Sum(static record => record.Integer("Size")),
            records.Where(static record => !record.Flag("InUse") && !record.Flag("Shared")).Sum(static record => record.Integer("Size")));
    }

    private static string Reclaimable(Usage row)
    {
        var size = Quantities.DecimalSize(row.Reclaimable, 4);
        return row.Bytes > 0 && row.Type != "Build Cache" ? $"{size} ({row.Reclaimable * 100 / row.Bytes}%)" : size;
    }
}
