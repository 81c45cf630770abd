using System.Globalization;
using System.Text.Json;
using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>The value of --gpus: how many, or which, and by what driver.</summary>
internal sealed class GpuSpec
{
    private const int All = -1;

    private readonly List<string> _devices = [];
    private readonly SortedSet<string> _capabilities = new(StringComparer.Ordinal);
    private readonly List<string> _options = [];
    private string _driver = "";
    private int? _count;

    /// <summary>Reads <c>all</c>, <c>2</c>, <c>device=0</c>, <c>"device=0,1"</c>, <c>count=1,driver=nvidia,capabilities=utility</c>.</summary>
    /// <exception cref="CommandFailedException">A field is unknown, given twice, or contradicts another.</exception>
    public static GpuSpec Parse(string text)
    {
        var gpus = new GpuSpec();
        var seen = new HashSet<string>();
        foreach (var field in CsvFields.Split(text))
        {
            var pair = field.Split('=', 2);
            var key = pair.Length == 2 ? pair[0] : "count"; // a bare word says how many
            if (!seen.Add(key))
            {
                throw Wrong(text, $"gpu request key '{key}' can be specified only once");
            }

            gpus.Take(key, pair[^1], text);
        }

        if (gpus._count is not null && gpus._devices.Count > 0)
        {
            throw Wrong(text, "cannot set both Count and DeviceIDs on device request");
        }

        return gpus;
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("Driver", _driver);
        json.WriteNumber("Count", _count ?? (_devices.Count > 0 ? 0 : 1));
        json.WriteStartArray("DeviceIDs");
        _devices.ForEach(json.WriteStringValue);
        json.WriteEndArray();
        json.WriteStartArray("Capabilities");
        json.WriteStartArray();
        foreach (var capability in _capabilities.Append("gpu").Distinct().Order(StringComparer.Ordinal))
        {
            json.WriteStringValue(capability);
        }

        json.WriteEndArray();
        json.WriteEndArray();
        KeyValueTexts.Write(json, "Options", _options);
        json.WriteEndObject();
    }

    private void Take(string key, string value, string text)
    {
        switch (key)
        {
            case "driver":
                _driver = value;
                break;
            case "count":
                _count = value == "all" ? All
                    : int.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var count) ? count
                    : throw Wrong(text, $"invalid count ({value}): value must be either \"all\" or an integer");
                break;
            case "device":
                _devices.AddRange(value.Split(','));
                break;
            case "capabilities":
                _capabilities.UnionWith(value.Split(','));
                break;
            case "options":
                _options.AddRange(CsvFields.Split(value));
                break;
            default:
                throw Wrong(text, $"unexpected key '{key}' in '{key}={value}'");
        }
    }

    private static CommandFailedException Wrong(string text, string why) => new($"invalid argument \"{text}\" for \"--gpus\" flag: {why}", 125);
}
