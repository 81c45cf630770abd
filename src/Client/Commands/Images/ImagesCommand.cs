using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth images</c>.</summary>
internal static class ImagesCommand
{
    private static readonly Switch All = Opt.Switch("all", 'a', "Show images that only serve as a part of others too");
    private static readonly Switch Digests = Opt.Switch("digests", "Show digests");
    private static readonly ListOption Filter = Opt.Filter();
    private static readonly ValueOption<string> Format = Opt.ListFormat();
    private static readonly Switch NoTrunc = Opt.Switch("no-trunc", "Show everything in full length");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Show ids only");

    public static CommandSpec Define() => new()
    {
        Operands = "[REPOSITORY[:TAG]]",
        Summary = "List images",
        Description = "Filters: dangling, label, before, since, until, reference.",
        Examples = ["berth images -f dangling=true -q # Images without a name", "berth images --format '{{.Repository}}:{{.Tag}} {{.Size}}' # Names and sizes"],
        Options = [All, Digests, Filter, Format, NoTrunc, Quiet],
        Arguments = Arity.AtMost(1),
        Completes = Completes.Images,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        IReadOnlyList<string> filters = call.Arguments.Count == 0 ? call.Get(Filter) : [.. call.Get(Filter), "reference=" + call.Arguments[0]];
        var format = call.Get(Format);
        var needsShared = format?.Contains("SharedSize", StringComparison.Ordinal) == true || format?.Contains("UniqueSize", StringComparison.Ordinal) == true;
        var target = new Query("/images/json").Add("all", call.Get(All)).Add("digests", call.Get(Digests)).Add("shared-size", needsShared).AddFilters(filters).ToString();
        var withDigests = call.Get(Digests) || format?.Contains(".Digest", StringComparison.Ordinal) == true;
        var now = call.World.Time.GetUtcNow();
        var images = call.Engine.GetJson(target).AsItems();
        if (call.Get(Quiet) && string.IsNullOrEmpty(format))
        {
            foreach (var id in images.Select(static image => image.Text("Id")))
            {
                var hex = id[(id.IndexOf(':', StringComparison.Ordinal) + 1)..];
                call.Out.WriteLine(call.Get(NoTrunc) ? id : hex[..Math.Min(12, hex.Length)]);
            }

            return 0;
        }

        var rows = images.SelectMany(image => ImageRow.Expand(image, withDigests, !call.Get(NoTrunc), now));
        string[] table = ["Repository", "Tag", .. call.Get(Digests) ? ["Digest"] : Array.Empty<string>(), "ID", "CreatedSince", "Size"];
        new ListPrinter<ImageRow>(ImageRow.Columns, ImageRow.Label).Print(call.Out, call.Get(Quiet) ? "{{.ID}}" : format, table, rows);
        return 0;
    }
}
