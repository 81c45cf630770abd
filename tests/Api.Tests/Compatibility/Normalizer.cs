using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Berth.Kit;

namespace Berth.Api.Tests.Compatibility;

/// <summary>
/// Takes out of an answer what every engine, and every run, chooses freely: ids, times, addresses of pools, hardware addresses, paths.
/// JSON becomes one line for each value, sorted by name, so that two answers differ in as many lines as values differ.
/// </summary>
/// <param name="literals">Texts of this engine and run, with what stands for them.</param>
internal sealed partial class Normalizer(IReadOnlyList<(string Text, string Mark)> literals)
{
    public List<string> Lines(string command, CommandResult result)
    {
        var lines = new List<string>();
        lines.AddRange(Unfold(result.Output).Select(line => "> " + Normalize(line, command)));
        lines.AddRange(Split(result.Error).Select(line => "! " + Normalize(line, command)));
        if (result.ExitCode != 0)
        {
            lines.Add($"= {result.ExitCode}");
        }

        return lines;
    }

    /// <summary>One line; once more changes nothing.</summary>
    public string Normalize(string line, string command)
    {
        foreach (var (text, mark) in literals)
        {
            line = line.Replace(text, mark, StringComparison.Ordinal);
        }

        line = LongId().Replace(line, "<id>");
        line = Time().Replace(line, "<time>");
        line = Age().Replace(line, "<age>");
        line = HardwareAddress().Replace(line, match => command.Contains(match.Value, StringComparison.OrdinalIgnoreCase) ? match.Value : "<mac>");
        line = ShortId().Replace(line, "<short>");
        line = PoolAddress().Replace(line, match => command.Contains(match.Value, StringComparison.Ordinal) ? match.Value : "<address>");
        line = OwnFile().Replace(line, match => $"{match.Groups[1].Value} = {(match.Groups[2].Value is "" or "null" ? match.Groups[2].Value : "<path>")}");
        line = Pid().Replace(line, match => $"{match.Groups[1].Value} = {(match.Groups[2].Value == "0" ? "0" : "<pid>")}");
        line = FreeAddress().Replace(line, match => command.Contains(match.Value, StringComparison.Ordinal) ? match.Value : match.Groups[1].Value + "<n>");
        line = Machine().Replace(line, match => match.Groups[1].Value + "<machine>");
        line = Reclaimed().Replace(line, "Total reclaimed space: <size>");
        return Spaces().Replace(line, "   ").TrimEnd();
    }

    private static IEnumerable<string> Split(string text) => text.Split('\n').Select(static line => line.TrimEnd('\r', ' ')).Where(static line => line.Length > 0);

    private static IEnumerable<string> Unfold(string output)
    {
        var text = output.Trim();
        if (!text.StartsWith('[') && !text.StartsWith('{'))
        {
            return Split(output);
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            var lines = new List<string>();
            Flatten("", json.RootElement, lines);
            return lines;
        }
        catch (JsonException)
        {
            return Split(output); // it only began like JSON
        }
    }

    private static void Flatten(string path, JsonElement value, List<string> lines)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when value.EnumerateObject().Any():
                foreach (var member in value.EnumerateObject().OrderBy(static member => member.Name, StringComparer.Ordinal))
                {
                    Flatten($"{path}.{member.Name}", member.Value, lines);
                }

                break;
            case JsonValueKind.Array when value.GetArrayLength() > 0:
                var index = 0;
                foreach (var item in value.EnumerateArray())
                {
                    Flatten($"{path}[{index++}]", item, lines);
                }

                break;
            default:
                lines.Add($"{path} = {(value.ValueKind == JsonValueKind.String ? value.GetString()!.Replace("\n", "\\n", StringComparison.Ordinal) : value.GetRawText())}");
                break;
        }
    }

    [GeneratedRegex(@"\b[0-9a-f]{64}\b")]
    private static partial Regex LongId();

    [GeneratedRegex(@"\b(?=[a-f]*[0-9])[0-9a-f]{12}\b")]
    private static partial Regex ShortId();

    [GeneratedRegex(@"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d| \+0000 UTC)")]
    private static partial Regex Time();

    [GeneratedRegex(@"(Less than a second|About a minute|\d+ (second|minute)s?)( ago)?")]
    private static partial Regex Age();

    [GeneratedRegex("([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}")]
    private static partial Regex HardwareAddress();

    [GeneratedRegex(@"\b(172\.(1[6-9]|2\d|3[01])|192\.168)\.\d+\.\d+(/\d+)?|fe80::[0-9a-f:]+")]
    private static partial Regex PoolAddress();

    [GeneratedRegex(@"^(\S*\.(?:LogPath|ResolvConfPath|HostnamePath|HostsPath|SandboxKey|GraphDriver\.\S*)) = (.*)$")]
    private static partial Regex OwnFile();

    // Which address of a subnet a container gets is the engine's choice; the first one is the gateway's, and those from 100 on are asked for.
    [GeneratedRegex(@"(10\.77\.\d+\.|<bridge>\.|fd77:\d+::)([2-9]|[1-9][0-9])\b")]
    private static partial Regex FreeAddress();

    [GeneratedRegex(@"((?:, available: |from 0\.01 to |as there are only ))[0-9.,-]*\d")]
    private static partial Regex Machine();

    [GeneratedRegex("Total reclaimed space: [1-9].*")]
    private static partial Regex Reclaimed();

    [GeneratedRegex(@"^(\S*\.Pid) = (.*)$")]
    private static partial Regex Pid();

    [GeneratedRegex(" {3,}")]
    private static partial Regex Spaces();
}
