using System.Text.Json;

namespace Berth.Client.Output.Progress;

/// <summary>One message of a stream of progress.</summary>
internal sealed record ProgressLine(string Id, string Status, long Current, long Total, string Units)
{
    private const int BarWidth = 50;
    private const int WidthForBar = 110;

    public bool IsCounting => Current > 0 || Total > 0;

    public static ProgressLine Read(JsonElement message)
    {
        var detail = message.At("progressDetail");
        return new ProgressLine(message.Text("id"), message.Text("status"), detail.Integer("current"), detail.Integer("total"), detail.Text("units"));
    }

    /// <summary>The line as a terminal of that width shows it.</summary>
    public string Draw(int width)
    {
        var name = Id.Length > 0 ? $"{Id}: " : "";
        if (!IsCounting)
        {
            return name + Status;
        }

        if (Total <= 0 || Current > Total)
        {
            return $"{name}{Status} {Size(Current),8}";
        }

        // A narrow terminal gets the numbers without the bar.
        return width >= WidthForBar ? $"{name}{Status} [{Bar()}] {Size(Current),8}/{Size(Total)}" : $"{name}{Status} {Size(Current),8}/{Size(Total)}";
    }

    private string Bar()
    {
        var filled = (int)(Current * BarWidth / Total);
        return new string('=', filled) + (filled < BarWidth ? ">" : "") + new string(' ', Math.Max(0, BarWidth - filled - 1));
    }

    private string Size(long count) => Units.Length > 0 ? $"{count} {Units}" : Quantities.DecimalSize(count, 4);
}
