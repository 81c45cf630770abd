using System.Text.Json;
using Berth.Client.Output;

namespace Berth.Client.Commands.Networks;

/// <summary>A network as lists show it.</summary>
internal sealed class NetworkRow(JsonElement network, bool truncates)
{
    private const int ShortId = 12;

    public static readonly IReadOnlyList<Column<NetworkRow>> Columns =
    [
        new("ID", "NETWORK ID", static row => row.Id),
        new("Name", "NAME", static row => row._network.Text("Name")),
        new("Driver", "DRIVER", static row => row._network.Text("Driver")),
        new("Scope", "SCOPE", static row => row._network.Text("Scope")),
        new("IPv4", "IPV4", static row => Flag(row._network, "EnableIPv4")),
        new("IPv6", "IPV6", static row => Flag(row._network, "EnableIPv6")),
        new("Internal", "INTERNAL", static row => Flag(row._network, "Internal")),
        new("Labels", "LABELS", static row => string.Join(',', row._network.Members("Labels").Select(static label => $"{label.Name}={label.Value.AsText()}"))),
        new("CreatedAt", "CREATED AT", static row => Moments.GoDate(row._network.Text("Created"))),
    ];

    private readonly JsonElement _network = network;

    private string Id => _network.Text("Id") is var id && truncates && id.Length > ShortId ? id[..ShortId] : id;

    public static string? Label(NetworkRow row, string key) => row._network.At("Labels").Text(key);

    private static string Flag(JsonElement network, string name) => network.Flag(name) ? "true" : "false";
}
