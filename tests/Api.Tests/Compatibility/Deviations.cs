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

    /// <summary>Takes out of the lines that only one of the two said those that are meant to differ.</summary>
    public void TakeOut(string command, List<string> dockers, List<string> berths)
    {
        foreach (var deviation in all.Where(deviation => deviation.Concerns(command)))
        {
            var taken = deviation.GoesOn
                ? dockers.RemoveAll(line => berths.FindIndex(longer => longer.StartsWith(line, StringComparison.Ordinal)) is >= 0 and var at && Remove(berths, at))
                : dockers.RemoveAll(line => Matches(deviation.Docker, line)) + berths.RemoveAll(line => Matches(deviation.Berth, line));
            if (taken > 0)
            {
                used.Add(deviation);
            }
        }
    }

    private static bool Matches(string? pattern, string line) => pattern is not null && Regex.IsMatch(line, pattern);

    private static bool Remove(List<string> lines, int at)
    {
        lines.RemoveAt(at);
        return true;
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
/// <param name="GoesOn">Instead of patterns: Berth says Docker's line and goes on.</param>
internal sealed record Deviation(string Subject, string Reason, string? Commands = null, string? Docker = null, string? Berth = null, bool GoesOn = false)
{
    public bool Concerns(string command) => Commands is null || Regex.IsMatch(command, Commands);
}
