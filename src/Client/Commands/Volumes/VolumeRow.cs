using System.Text.Json;
using Berth.Client.Output;

namespace Berth.Client.Commands.Volumes;

/// <summary>A volume as lists show it.</summary>
internal sealed class VolumeRow(JsonElement volume)
{
    private const string Unknown = "N/A";

    public static readonly IReadOnlyList<Column<VolumeRow>> Columns =
    [
        new("Driver", "DRIVER", static row => row._volume.Text("Driver")),
        new("Name", "VOLUME NAME", static row => row._volume.Text("Name")),
        new("Scope", "SCOPE", static row => row._volume.Text("Scope")),
        new("Mountpoint", "MOUNTPOINT", static row => row._volume.Text("Mountpoint")),
        new("Labels", "LABELS", static row => string.Join(',', row._volume.Members("Labels").Select(static label => $"{label.Name}={label.Value.AsText()}"))),
        new("Links", "LINKS", static row => row.Usage is { ValueKind: JsonValueKind.Object } usage ? usage.Text("RefCount") : Unknown),
        new("Size", "SIZE", static row => row.Usage is { ValueKind: JsonValueKind.Object } usage ? Quantities.DecimalSize(usage.Integer("Size"), 4) : Unknown),

        // Words about volumes of clusters, in which no volume of ours takes part.
        new("Group", "GROUP", static _ => Unknown),
        new("Status", "STATUS", static _ => Unknown),
        new("Availability", "AVAILABILITY", static _ => Unknown),
    ];

    private readonly JsonElement _volume = volume;

    private JsonElement Usage => _volume.At("UsageData");

    public static string? Label(VolumeRow row, string key) => row._volume.At("Labels").Text(key);
}
