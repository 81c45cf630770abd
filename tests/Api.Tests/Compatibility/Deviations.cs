using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Berth.Api.Tests.Compatibility;

/// <summary>The places where Berth means to answer otherwise than Docker; deviations.json holds them, and docs/compatibility.md shows them.</summary>
internal sealed partial class Deviations(IReadOnlyList<Deviation> all)
{
    private readonly HashSet<Deviation> used = [];

    public static Deviations Load()
        => new(JsonSerializer.Deserialize(File.ReadAllText(Path.Combine(CompatibilityScript.Folder, "deviations.json")), DeviationJson.Default.IReadOnlyListDeviation)!);

    public IReadOnlyList<Deviation> All => all;

    /// <summary>Those that nothing needed: they are to be taken out of the list.</summary>
    public IEnumerable<Deviation> Unused => all.Except(used);

    /// <returns>Whether a line that one of the two did not say is meant to differ.</returns>
    public bool Explain(string command, string line, bool isDockers)
    {
        var deviation = all.FirstOrDefault(deviation => deviation.Covers(command, line, isDockers));
        return deviation is not null && (used.Add(deviation) || used.Contains(deviation));
    }

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, ReadCommentHandling = JsonCommentHandling.Skip)]
    [JsonSerializable(typeof(IReadOnlyList<Deviation>))]
    private sealed partial class DeviationJson : JsonSerializerContext;
}

/// <param name="Subject">What differs, in a few words.</param>
/// <param name="Reason">Why it is to stay.</param>
/// <param name="Commands">A pattern of the commands concerned; all without one.</param>
/// <param name="Docker">A pattern of lines that only Docker says.</param>
/// <param name="Berth">A pattern of lines that only Berth says.</param>
internal sealed record Deviation(string Subject, string Reason, string? Commands, string? Docker, string? Berth)
{
    public bool Covers(string command, string line, bool isDockers)
        => (Commands is null || Regex.IsMatch(command, Commands)) && (isDockers ? Docker : Berth) is { } pattern && Regex.IsMatch(line, pattern);
}
