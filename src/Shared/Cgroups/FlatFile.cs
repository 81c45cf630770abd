using System.Globalization;
using Berth.Shared.Linux;

namespace Berth.Shared.Cgroups;

/// <summary>The value formats of cgroup files: one number, or lines of "key value".</summary>
internal static class FlatFile
{
    /// <summary>A single number; null when the file is missing or reads "max".</summary>
    public static ulong? Number(string path)
        => ulong.TryParse(KernelFiles.ReadTextOrNull(path).AsSpan().Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : null;

    /// <summary>Lines of "key value"; empty when the file is missing. Values that aren't plain numbers are left out.</summary>
    public static Dictionary<string, ulong> Pairs(string path) => ParsePairs(KernelFiles.ReadTextOrNull(path) ?? "");

    public static Dictionary<string, ulong> ParsePairs(string text)
    {
        var pairs = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            var space = line.IndexOf(' ');
            if (space > 0 && ulong.TryParse(line[(space + 1)..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                pairs[line[..space].ToString()] = value;
            }
        }

        return pairs;
    }

    /// <summary>Pressure stall information: lines "some avg10=0.00 avg60=0.00 avg300=0.00 total=0".</summary>
    public static PressureStats? Pressure(string path)
        => KernelFiles.ReadTextOrNull(path) is { } text ? ParsePressure(text) : null;

    public static PressureStats? ParsePressure(string text)
    {
        PressureLine? some = null, full = null;
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var words = line.Split(' ');
            if (words.Length != 5)
            {
                continue;
            }

            var parsed = new PressureLine(Real(words[1]), Real(words[2]), Real(words[3]), ulong.Parse(words[4].AsSpan(words[4].IndexOf('=') + 1), CultureInfo.InvariantCulture));
            if (words[0] == "some")
            {
                some = parsed;
            }
            else
            {
                full = parsed;
            }
        }

        return some is null ? null : new PressureStats(some, full);

        static double Real(string pair) => double.Parse(pair.AsSpan(pair.IndexOf('=') + 1), CultureInfo.InvariantCulture);
    }
}
