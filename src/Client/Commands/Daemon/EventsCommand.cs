using System.Globalization;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;
using Berth.Client.Output.Templates;

namespace Berth.Client.Commands.Daemon;

/// <summary><c>berth events</c>.</summary>
internal static class EventsCommand
{
    private static readonly ListOption Filter = Opt.Filter();
    private static readonly ValueOption<string> Format = Opt.Text("format", "How to print: 'json', or a template such as '{{.Action}}'");
    private static readonly ValueOption<string> Since = Opt.Text("since", "Begin with what happened since this time or age");
    private static readonly ValueOption<string> Until = Opt.Text("until", "End at this time");

    public static CommandSpec Define() => new()
    {
        Summary = "Show what happens in the engine as it happens",
        Description = "Filters: type, event, container, image, network, volume, label, scope.",
        Examples = ["berth events -f type=container -f event=die # Containers that end", "berth events --since 10m --until 0s # What happened in the last ten minutes"],
        Options = [Filter, Format, Since, Until],
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var format = call.Get(Format);
        var template = format is null or "" or "json" ? null : Template.Parse(format);
        var now = call.World.Time.GetUtcNow();
        var until = call.Get(Until) is "0s" or "0" ? Moments.Seconds(now) : Moments.ToApi(call.Get(Until), now);
        var target = new Query("/events").Add("since", Moments.ToApi(call.Get(Since), now)).Add("until", until).AddFilters(call.Get(Filter)).ToString();
        using var reply = call.Engine.Send("GET", target);
        foreach (var happened in reply.ReadJsonValues())
        {
            call.Out.WriteLine(template is not null ? template.Apply(happened) : format == "json" ? TemplateValues.Json(happened) : Line(happened));
            call.Out.Flush();
        }

        return 0;
    }

    /// <summary>Time, type, action and id, then the rest in parentheses.</summary>
    internal static string Line(JsonElement happened)
    {
        var actor = happened.At("Actor");
        var attributes = string.Join(", ", actor.Members("Attributes").OrderBy(static attribute => attribute.Name, StringComparer.Ordinal).Select(static attribute => $"{attribute.Name}={attribute.Value.AsText()}"));
        var id = actor.Text("ID") is { Length: > 0 } own ? " " + own : "";
        return $"{Time(happened)} {happened.Text("Type")} {happened.Text("Action")}{id}{(attributes.Length > 0 ? $" ({attributes})" : "")}";
    }

    private static string Time(JsonElement happened)
    {
        var nanoseconds = happened.Integer("timeNano");
        var seconds = nanoseconds != 0 ? nanoseconds / 1_000_000_000 : happened.Integer("time");
        var local = DateTimeOffset.FromUnixTimeSeconds(seconds).ToLocalTime();
        var offset = local.Offset == TimeSpan.Zero ? "Z" : local.ToString("zzz", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"{local:yyyy-MM-dd'T'HH:mm:ss}.{nanoseconds % 1_000_000_000:000000000}{offset}");
    }
}
