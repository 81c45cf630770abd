using System.Globalization;
using System.Text.Json;
using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>A network to connect to, and how.</summary>
internal sealed class NetworkSpec
{
    public required string Name { get; set; }

    public List<string> Aliases { get; } = [];

    public List<string> DriverOptions { get; } = [];

    public List<string> Links { get; } = [];

    public List<string> LinkLocalAddresses { get; } = [];

    public string? Address { get; set; }

    public string? Address6 { get; set; }

    public string? HardwareAddress { get; set; }

    public long? GatewayPriority { get; set; }

    /// <summary>Not one of the words that stand for something else than a network somebody made.</summary>
    public bool IsUserDefined => Name is not ("default" or "bridge" or "host" or "none") && !Name.StartsWith("container:", StringComparison.Ordinal);

    public bool HasOptions => Aliases.Count > 0 || DriverOptions.Count > 0 || Links.Count > 0 || LinkLocalAddresses.Count > 0
        || (Address ?? Address6 ?? HardwareAddress) is not null || GatewayPriority is not null;

    /// <summary>Reads <c>NAME</c> or <c>name=NAME,alias=x,ip=10.0.0.5</c>.</summary>
    /// <exception cref="CommandFailedException">A field is unknown or the name is missing.</exception>
    public static NetworkSpec Parse(string text)
    {
        if (!text.Contains('=', StringComparison.Ordinal))
        {
            return text.Length > 0 ? new NetworkSpec { Name = text } : throw Wrong(text, "the network's name is empty");
        }

        var network = new NetworkSpec { Name = "" };
        foreach (var field in CsvFields.Split(text))
        {
            var pair = field.Split('=', 2);
            if (pair.Length < 2)
            {
                throw Wrong(text, $"invalid field {field}");
            }

            network.Take(pair[0].Trim().ToLowerInvariant(), pair[1].Trim(), text);
        }

        return network.Name.Length > 0 ? network : throw Wrong(text, "name is required");
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject(Name);
        if (Address is not null || Address6 is not null || LinkLocalAddresses.Count > 0)
        {
            json.WriteStartObject("IPAMConfig");
            WriteText(json, "IPv4Address", Address);
            WriteText(json, "IPv6Address", Address6);
            WriteList(json, "LinkLocalIPs", LinkLocalAddresses);
            json.WriteEndObject();
        }

        WriteList(json, "Links", Links);
        WriteList(json, "Aliases", Aliases);
        WriteText(json, "MacAddress", HardwareAddress);
        if (GatewayPriority is { } priority)
        {
            json.WriteNumber("GwPriority", priority);
        }

        if (DriverOptions.Count > 0)
        {
            json.WriteStartObject("DriverOpts");
            foreach (var (key, value) in KeyValueTexts.ToMap(DriverOptions))
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void Take(string key, string value, string text)
    {
        switch (key)
        {
            case "name":
                Name = value;
                break;
            case "alias":
                Aliases.Add(value);
                break;
            case "driver-opt":
                DriverOptions.Add(value.Contains('=', StringComparison.Ordinal) ? value : throw Wrong(text, "invalid key value pair format in driver options"));
                break;
            case "ip":
                Address = value;
                break;
            case "ip6":
                Address6 = value;
                break;
            case "mac-address":
                HardwareAddress = value;
                break;
            case "link-local-ip":
                LinkLocalAddresses.Add(value);
                break;
            case "gw-priority":
                GatewayPriority = long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var priority)
                    ? priority
                    : throw Wrong(text, $"invalid gw-priority ({value})");
                break;
            default:
                throw Wrong(text, $"invalid field key {key}");
        }
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteList(Utf8JsonWriter json, string name, List<string> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private static CommandFailedException Wrong(string text, string why) => new($"invalid argument \"{text}\" for \"--network\" flag: {why}", 125);
}
