using System.Globalization;

namespace Berth.Daemon.Containers.Top;

/// <summary>What the columns need beside the process: the time, the host's memory, and the host's names of users and groups.</summary>
internal sealed class PsHost(DateTimeOffset now, long memoryBytes)
{
    private Dictionary<uint, string>? users;
    private Dictionary<uint, string>? groups;

    /// <summary>In the host's own time zone, in which ps tells times of day.</summary>
    public DateTimeOffset Now => now;

    public long MemoryKilobytes => memoryBytes / 1024;

    public string UserName(uint uid) => Name(users ??= ReadNames("/etc/passwd"), uid);

    public string GroupName(uint gid) => Name(groups ??= ReadNames("/etc/group"), gid);

    private static string Name(Dictionary<uint, string> names, uint id) => names.GetValueOrDefault(id) ?? id.ToString(CultureInfo.InvariantCulture);

    private static Dictionary<uint, string> ReadNames(string path)
    {
        var names = new Dictionary<uint, string>();
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            var fields = line.Split(':');
            if (fields.Length > 2 && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                names.TryAdd(id, fields[0]);
            }
        }

        return names;
    }
}
