using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary><c>berth stats</c>.</summary>
internal static class StatsCommand
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FirstSamples = TimeSpan.FromSeconds(5);

    private static readonly Switch All = Opt.Switch("all", 'a', "Show stopped containers too");
    private static readonly ValueOption<string> Format = Opt.ListFormat();
    private static readonly Switch NoStream = Opt.Switch("no-stream", "Print one sample and end");
    private static readonly Switch NoTrunc = Opt.Switch("no-trunc", "Show everything in full length");

    public static CommandSpec Define() => new()
    {
        Operands = "[CONTAINER...]",
        Summary = "Show what containers use of the machine",
        Description = "Without names, shows all running containers, and those that start while it runs.",
        Examples = ["berth stats --no-stream --format '{{.Name}} {{.MemUsage}}' # One sample, two values"],
        Options = [All, Format, NoStream, NoTrunc],
        Arguments = Arity.Any,
        Completes = Completes.RunningContainers,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        using var watch = new StatsWatch(call);
        var names = call.Arguments.Count > 0 ? call.Arguments : ListIds(call);
        foreach (var name in names)
        {
            watch.Add(name);
        }

        watch.AwaitFirst(call.Get(NoStream) ? Timeout.InfiniteTimeSpan : FirstSamples);
        if (call.Get(NoStream))
        {
            Print(call, watch.Samples);
            return watch.PrintRefusals();
        }

        if (call.Arguments.Count == 0)
        {
            watch.FollowStarts(call.Get(All));
        }

        var clearsScreen = call.World.Terminal.IsOutputTerminal;
        while (call.Arguments.Count == 0 || watch.HasWatched)
        {
            call.Out.Write(clearsScreen ? "\u001b[H\u001b[J" : "");
            Print(call, watch.Samples);
            call.Out.Flush();
            watch.AwaitTick(Refresh);
        }

        return watch.PrintRefusals();
    }

    private static List<string> ListIds(Invocation call)
        => [.. call.Engine.GetJson(new Query("/containers/json").Add("all", call.Get(All)).ToString()).AsItems().Select(static container => container.Text("Id"))];

    private static void Print(Invocation call, IReadOnlyList<(string Name, JsonElement Stats)> samples)
        => new ListPrinter<ContainerUsage>(ContainerUsage.Columns).Print(
            call.Out,
            call.Get(Format),
            ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"],
            samples.Select(sample => new ContainerUsage(sample.Name, sample.Stats, !call.Get(NoTrunc))));
}
