using System.Globalization;
using System.Text.Json;

namespace Berth.Client.Output;

/// <summary>Forgiving reads of a reply: what is absent, null or of another kind is the empty value.</summary>
internal static class JsonValues
{
    public static JsonElement At(this JsonElement json, string name)
        => json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : default;

    public static string Text(this JsonElement json, string name) => json.At(name).AsText();

    public static string AsText(this JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => json.GetString()!,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => json.GetRawText(),
        _ => "",
    };

    public static long Integer(this JsonElement json, string name) => json.At(name).AsInteger();

    public static long AsInteger(this JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Number when json.TryGetInt64(out var number) => number,

        // Counters of the kernel are unsigned and may pass the signed range ("no limit"); what is larger than that saturates.
        JsonValueKind.Number => (long)Math.Min(json.GetDouble(), 9.2e18),
        JsonValueKind.String when long.TryParse(json.GetString(), CultureInfo.InvariantCulture, out var number) => number,
        _ => 0,
    };

    public static double Real(this JsonElement json, string name) => json.At(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : 0;

    public static bool Flag(this JsonElement json, string name) => json.At(name).ValueKind == JsonValueKind.True;

    public static IEnumerable<JsonElement> Items(this JsonElement json, string name) => json.At(name).AsItems();

    public static IEnumerable<JsonElement> AsItems(this JsonElement json) => json.ValueKind == JsonValueKind.Array ? json.EnumerateArray() : [];

    public static IEnumerable<JsonProperty> Members(this JsonElement json, string name)
        => json.At(name) is { ValueKind: JsonValueKind.Object } map ? map.EnumerateObject() : [];

    public static IEnumerable<string> Texts(this JsonElement json, string name) => json.Items(name).Select(AsText);
}
