using System.Globalization;
using System.Text.Json;
using Berth.Client.Output;
using Berth.Client.Output.Templates;

namespace Berth.Client.Commands.Containers;

/// <summary>A container as lists show it.</summary>
internal sealed class ContainerRow(JsonElement container, bool truncates, DateTimeOffset now)
{
    private const int ShortId = 12;
    private const int ShortCommand = 20;
    private const int ShortMount = 15;

    public static readonly IReadOnlyList<Column<ContainerRow>> Columns =
    [
        new("ID", "CONTAINER ID", static row => row.Id),
        new("Names", "NAMES", static row => row.Names),
        new("Image", "IMAGE", static row => row.Image),
        new("Command", "COMMAND", static row => row.Command),
        new("CreatedAt", "CREATED AT", static row => Moments.ListDate(row.Created)),
        new("RunningFor", "CREATED", static row => Moments.Ago(row.Created, row._now)),
        new("Ports", "PORTS", static row => PortColumn.Format(row._container.Items("Ports"))),
        new("State", "STATE", static row => row._container.Text("State")),
        new("Status", "STATUS", static row => row._container.Text("Status")),
        new("Size", "SIZE", static row => row.Size),
        new("Labels", "LABELS", static row => string.Join(',', row._container.Members("Labels").Select(static label => $"{label.Name}={label.Value.AsText()}"))),
        new("Mounts", "MOUNTS", static row => row.Mounts),
        new("LocalVolumes", "LOCAL VOLUMES", static row => row._container.Items("Mounts").Count(static mount => mount.Text("Driver") == "local").ToString(CultureInfo.InvariantCulture)),
        new("Networks", "NETWORKS", static row => string.Join(',', row._container.At("NetworkSettings").Members("Networks").Select(static network => network.Name).Order(StringComparer.Ordinal))),
        new("Platform", "PLATFORM", static row => row.Platform),
    ];

    private readonly JsonElement _container = container;
    private readonly DateTimeOffset _now = now;

    private string Id => Shorten(_container.Text("Id"), ShortId);

    private string Names => string.Join(',', _container.Texts("Names").Select(static name => name.TrimStart('/')).Where(name => !truncates || !name.Contains('/', StringComparison.Ordinal)));

    private string Image
    {
        get
        {
            var image = _container.Text("Image");
            return image.Length == 0 ? "<no image>"
                : truncates && image.StartsWith("sha256:", StringComparison.Ordinal) ? Shorten(image["sha256:".Length..], ShortId)
                : image;
        }
    }

    private string Command
    {
        get
        {
            var command = _container.Text("Command");
            if (truncates && command.Length > ShortCommand)
            {
                command = command[..(ShortCommand - 1)] + "…";
            }

            return TemplateValues.Quoted(command).Replace("\\u003c", "<", StringComparison.Ordinal).Replace("\\u003e", ">", StringComparison.Ordinal).Replace("\\u0026", "&", StringComparison.Ordinal);
        }
    }

    private DateTimeOffset Created => DateTimeOffset.FromUnixTimeSeconds(_container.Integer("Created"));

    private string Platform => _container.At("ImageManifestDescriptor").At("platform") is { ValueKind: JsonValueKind.Object } platform
        ? $"{platform.Text("os")}/{platform.Text("architecture")}"
        : "";

    private string Size
    {
        get
        {
            var written = Quantities.DecimalSize(_container.Integer("SizeRw"));
            return _container.Integer("SizeRootFs") is > 0 and var total ? $"{written} (virtual {Quantities.DecimalSize(total)})" : written;
        }
    }

    private string Mounts => string.Join(',', _container.Items("Mounts").Select(mount =>
    {
        var name = mount.Text("Name") is { Length: > 0 } volume ? volume : mount.Text("Source");
        return truncates && name.Length > ShortMount ? name[..(ShortMount - 1)] + "…" : name;
    }));

    public static string? Label(ContainerRow row, string key) => row._container.At("Labels").Text(key);

    private string Shorten(string text, int length) => truncates && text.Length > length ? text[..length] : text;
}
