using System.Globalization;
using System.Text.Json;
using Berth.Client.CommandLine;
using Berth.Client.Engine;
using Berth.Client.Output;

namespace Berth.Client.Commands.Images;

/// <summary><c>berth history</c>.</summary>
internal static class HistoryCommand
{
    private const int ShortText = 45;

    private static readonly ValueOption<string> Format = Opt.ListFormat();
    private static readonly Switch Human = new("human", 'H', "Show sizes and dates in words") { Default = true };
    private static readonly Switch NoTrunc = Opt.Switch("no-trunc", "Show everything in full length");
    private static readonly ValueOption<string> Platform = Opt.Text("platform", "Show the image of this platform, such as linux/arm64");
    private static readonly Switch Quiet = Opt.Switch("quiet", 'q', "Show ids only");

    public static CommandSpec Define() => new()
    {
        Operands = "IMAGE",
        Summary = "Show the steps an image was made by",
        Options = [Format, Human, NoTrunc, Platform, Quiet],
        Arguments = Arity.Exactly(1),
        Completes = Completes.Images,
        Run = Run,
    };

    private static int Run(Invocation call)
    {
        var steps = call.Engine.GetJson(new Query($"/images/{Query.ImagePath(call.Arguments[0])}/history").Add("platform", PlatformJson.From(call.Get(Platform))).ToString()).AsItems();
        var isHuman = call.Get(Human);
        var truncates = !call.Get(NoTrunc);
        var now = call.World.Time.GetUtcNow();
        Column<JsonElement>[] columns =
        [
            new("ID", "IMAGE", step => Shorten(step.Text("Id"), truncates)),
            new("CreatedSince", "CREATED", step => Created(step, isHuman, now)),
            new("CreatedAt", "CREATED AT", static step => Date(step)),
            new("CreatedBy", "CREATED BY", step => Text(step.Text("CreatedBy").Replace('\t', ' '), truncates)),
            new("Size", "SIZE", step => isHuman ? Quantities.DecimalSize(step.Integer("Size")) : step.Integer("Size").ToString(CultureInfo.InvariantCulture)),
            new("Comment", "COMMENT", static step => step.Text("Comment")),
        ];
        string[] table = isHuman ? ["ID", "CreatedSince", "CreatedBy", "Size", "Comment"] : ["ID", "CreatedAt", "CreatedBy", "Size", "Comment"];
        new ListPrinter<JsonElement>(columns).Print(call.Out, call.Get(Quiet) ? "{{.ID}}" : call.Get(Format), table, steps);
        return 0;
    }

    private static string Created(JsonElement step, bool isHuman, DateTimeOffset now)
        => !isHuman ? Date(step) : step.Integer("Created") <= 0 ? "N/A" : Moments.Ago(DateTimeOffset.FromUnixTimeSeconds(step.Integer("Created")), now);

    private static string Date(JsonElement step)
        => step.Integer("Created") <= 0 ? "N/A" : DateTimeOffset.FromUnixTimeSeconds(step.Integer("Created")).ToLocalTime().ToString("yyyy-MM-dd'T'HH:mm:ssK", CultureInfo.InvariantCulture);

    private static string Shorten(string id, bool truncates)
        => truncates && id.StartsWith("sha256:", StringComparison.Ordinal) ? id[7..Math.Min(id.Length, 19)] : id;

    private static string Text(string text, bool truncates) => truncates && text.Length > ShortText ? text[..(ShortText - 1)] + "…" : text;
}
