using System.Globalization;

namespace Berth.Daemon.Hosting;

/// <summary>The group that may use the Unix socket; reads /etc/group itself, since name services need libraries that a native program has no use for.</summary>
internal static class SocketGroup
{
    /// <param name="name">A name or a number; null: the default group, if there is one.</param>
    /// <exception cref="OptionException">A named group does not exist.</exception>
    public static uint? Find(string? name)
    {
        var wanted = name ?? DaemonOptions.DefaultSocketGroup;
        if (uint.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        foreach (var line in File.Exists("/etc/group") ? File.ReadLines("/etc/group") : [])
        {
            var fields = line.Split(':');
            if (fields.Length >= 3 && fields[0] == wanted && uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out var gid))
            {
                return gid;
            }
        }

        return name is null ? null : throw new OptionException($"invalid group \"{name}\": this host has no such group");
    }
}
