using System.Globalization;
using Berth.Daemon.Hosting;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.UserNamespaces;

/// <summary>The ids that an administrator has set aside for a user: subuid(5), subgid(5).</summary>
internal static class SubordinateIds
{
    /// <summary>Names that "default" looks for, ours and the one that a host which ran Docker has.</summary>
    private static readonly string[] DefaultNames = ["berthremap", "dockremap"];

    /// <param name="remap">"default", "user" or "user:group", by names or numbers.</param>
    /// <param name="read">Reads a file of /etc; null when it is not there.</param>
    /// <exception cref="OptionException">The user has no subordinate ids, or too few.</exception>
    public static UserMapping Of(string remap, Func<string, string?> read)
    {
        if (remap == "default")
        {
            remap = DefaultNames.FirstOrDefault(name => Ranges(read("subuid"), [name]).Count > 0 && Ranges(read("subgid"), [name]).Count > 0)
                ?? throw new OptionException(
                    $"invalid userns-remap \"default\": /etc/subuid and /etc/subgid have no entry of \"{DefaultNames[0]}\": add the line {DefaultNames[0]}:100000:65536 to both, with ids that nobody else has");
        }

        var colon = remap.IndexOf(':', StringComparison.Ordinal);
        var (user, group) = colon < 0 ? (remap, remap) : (remap[..colon], remap[(colon + 1)..]);
        return new UserMapping(Mapping(read, "subuid", "passwd", user), Mapping(read, "subgid", colon < 0 ? "passwd" : "group", group), OwnRange: false);
    }

    public static string? ReadEtc(string name) => File.Exists($"/etc/{name}") ? File.ReadAllText($"/etc/{name}") : null;

    private static List<OciIdMapping> Mapping(Func<string, string?> read, string file, string names, string owner)
    {
        var ranges = Ranges(read(file), Spellings(read(names), owner));
        if (ranges.Count == 0)
        {
            throw new OptionException($"invalid userns-remap: /etc/{file} has no entry of \"{owner}\": add a line such as {owner}:100000:65536");
        }

        var mapping = new List<OciIdMapping>();
        uint next = 0;
        foreach (var (first, count) in ranges)
        {
            mapping.Add(new OciIdMapping { ContainerId = next, HostId = first, Size = count });
            next += count;
        }

        return mapping;
    }

    /// <summary>A name as given, and what passwd(5) or group(5) say is the same: the files take either.</summary>
    private static List<string> Spellings(string? names, string owner)
    {
        var same = Lines(names).Where(fields => fields.Length > 2 && (fields[0] == owner || fields[2] == owner)).Take(1);
        return [owner, .. same.SelectMany(fields => new[] { fields[0], fields[2] })];
    }

    private static List<(uint First, uint Count)> Ranges(string? file, List<string> owners)
    {
        var ranges = new List<(uint, uint)>();
        foreach (var fields in Lines(file).Where(fields => fields.Length == 3 && owners.Contains(fields[0])))
        {
            if (uint.TryParse(fields[1], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && first > 0 && count > 0 && (ulong)first + count <= int.MaxValue)
            {
                ranges.Add((first, count));
            }
            else
            {
                throw new OptionException($"invalid userns-remap: the range {fields[1]}:{fields[2]} of \"{fields[0]}\" must lie above 0 and below {int.MaxValue}");
            }
        }

        return ranges;
    }

    private static IEnumerable<string[]> Lines(string? file)
        => (file ?? "").Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(':'));
}
