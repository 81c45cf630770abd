using System.Globalization;
using System.Text;
using Berth.Shared.Errors;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Spec;

/// <summary>Who a process in a container is, by the container's own /etc/passwd and /etc/group.</summary>
/// <param name="Groups">Supplementary groups, the primary one first.</param>
internal sealed record ContainerUser(uint Uid, uint Gid, IReadOnlyList<uint> Groups, string Home)
{
    private const int FileLimit = 1 << 20; // an image must not keep us reading for ever

    private const uint MaxId = int.MaxValue; // larger ones wrap around to root somewhere (CVE-2024-40635)

    /// <param name="user">"user[:group]" by names or numbers; empty means root.</param>
    /// <param name="groupAdd">Further groups, by names or numbers.</param>
    /// <exception cref="EngineException">InvalidArgument: an unknown name, or a number out of range.</exception>
    public static ContainerUser Resolve(SafeFileHandle root, string user, IReadOnlyList<string> groupAdd)
        => Resolve(RootView.ReadFile(root, "/etc/passwd", FileLimit), RootView.ReadFile(root, "/etc/group", FileLimit), user, groupAdd);

    internal static ContainerUser Resolve(byte[]? passwd, byte[]? group, string user, IReadOnlyList<string> groupAdd)
    {
        var colon = user.IndexOf(':');
        var userPart = colon < 0 ? user : user[..colon];
        var groupPart = colon < 0 ? "" : user[(colon + 1)..];
        var entry = FindUser(passwd, userPart.Length == 0 ? "0" : userPart);
        uint uid, gid = 0;
        var (name, home) = ("", "/");
        if (entry is not null)
        {
            (uid, gid, name, home) = (entry.Uid, entry.Gid, entry.Name, entry.Home.Length == 0 ? "/" : entry.Home);
        }
        else
        {
            uid = userPart.Length == 0 ? 0 : Number(userPart) ?? throw NoUser(userPart);
        }

        var groups = ReadGroups(group);
        var supplementary = new List<uint>();
        if (groupPart.Length > 0)
        {
            gid = FindGroup(groups, groupPart);
        }
        else if (name.Length > 0)
        {
            supplementary.AddRange(groups.Where(candidate => candidate.Members.Contains(name)).Select(candidate => candidate.Gid));
        }

        supplementary.AddRange(groupAdd.Select(added => FindGroup(groups, added)));
        return new ContainerUser(uid, gid, [.. supplementary.Prepend(gid).Distinct()], home);
    }

    private static uint FindGroup(List<GroupEntry> groups, string nameOrNumber)
    {
        var number = Number(nameOrNumber);
        return groups.Find(candidate => candidate.Name == nameOrNumber)?.Gid ?? number ?? throw new EngineException(ErrorKind.InvalidArgument,
            $"unable to find group {nameOrNumber}: no matching entries in group file");
    }

    private static EngineException NoUser(string name) => new(ErrorKind.InvalidArgument,
        $"unable to find user {name}: no matching entries in passwd file");

    private static UserEntry? FindUser(byte[]? passwd, string nameOrNumber)
    {
        var number = Number(nameOrNumber);
        foreach (var fields in Lines(passwd))
        {
            // name:password:uid:gid:comment:home:shell
            if (fields.Length >= 4 && TryNumber(fields[2], out var uid) && TryNumber(fields[3], out var gid) && (fields[0] == nameOrNumber || uid == number))
            {
                return new UserEntry(fields[0], uid, gid, fields.Length > 5 ? fields[5] : "");
            }
        }

        return null;
    }

    private static List<GroupEntry> ReadGroups(byte[]? group)
    {
        var groups = new List<GroupEntry>();
        foreach (var fields in Lines(group))
        {
            // name:password:gid:members
            if (fields.Length >= 3 && TryNumber(fields[2], out var gid))
            {
                groups.Add(new GroupEntry(fields[0], gid, fields.Length > 3 ? fields[3].Split(',') : []));
            }
        }

        return groups;
    }

    private static IEnumerable<string[]> Lines(byte[]? file)
    {
        foreach (var line in Encoding.UTF8.GetString(file ?? []).Split('\n'))
        {
            if (line.Length > 0 && line[0] != '#')
            {
                yield return line.TrimEnd('\r').Split(':');
            }
        }
    }

    /// <summary>Null when the text is no number.</summary>
    private static uint? Number(string text)
    {
        var digits = text.AsSpan(text.StartsWith('-') ? 1 : 0);
        if (digits.Length == 0 || digits.ContainsAnyExceptInRange('0', '9'))
        {
            return null;
        }

        return TryNumber(text, out var number)
            ? number
            : throw new EngineException(ErrorKind.InvalidArgument, $"uids and gids must be in range 0-{MaxId}: {text}");
    }

    private static bool TryNumber(string text, out uint number)
        => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= MaxId;

    private sealed record UserEntry(string Name, uint Uid, uint Gid, string Home);

    private sealed record GroupEntry(string Name, uint Gid, string[] Members);
}
