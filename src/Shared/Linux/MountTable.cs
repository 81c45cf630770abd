using System.Buffers;
using System.Globalization;
using System.Text;

namespace Berth.Shared.Linux;

/// <summary>One mount of this process's namespace; a line of /proc/self/mountinfo, proc_pid_mountinfo(5).</summary>
/// <param name="Root">Which directory of the file system it shows.</param>
/// <param name="IsShared">Mounts below travel to its peers.</param>
/// <param name="IsSlave">Mounts of its master travel here.</param>
public sealed record MountEntry(int Id, int ParentId, string Root, string MountPoint, string Type, string Source, bool IsShared, bool IsSlave);

/// <summary>The mounts of this process's namespace.</summary>
public static class MountTable
{
    /// <summary>All of them, in the order they were made: of two on one place the later is seen.</summary>
    public static IReadOnlyList<MountEntry> Read() => Parse(KernelFiles.ReadText("/proc/self/mountinfo"));

    public static IReadOnlyList<MountEntry> Parse(string mountInfo)
    {
        var mounts = new List<MountEntry>();
        foreach (var line in mountInfo.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // id parent major:minor root mountpoint options [optional fields] - type source superoptions
            var fields = line.Split(' ');
            var dash = Array.IndexOf(fields, "-", 6);
            if (dash < 0 || fields.Length < dash + 3)
            {
                continue;
            }

            var optional = fields.AsSpan(6..dash);
            mounts.Add(new MountEntry(
                int.Parse(fields[0], CultureInfo.InvariantCulture), int.Parse(fields[1], CultureInfo.InvariantCulture), Unescape(fields[3]), Unescape(fields[4]),
                fields[dash + 1], Unescape(fields[dash + 2]), Has(optional, "shared:"), Has(optional, "master:")));
        }

        return mounts;
    }

    /// <summary>The mount that a path without links lies in; null only when the table has no root.</summary>
    /// <param name="path">Absolute, its links resolved.</param>
    public static MountEntry? Containing(IReadOnlyList<MountEntry> mounts, string path)
    {
        MountEntry? found = null;
        foreach (var mount in mounts)
        {
            if (IsAtOrBelow(path, mount.MountPoint) && (found is null || mount.MountPoint.Length >= found.MountPoint.Length))
            {
                found = mount;
            }
        }

        return found;
    }

    /// <summary>Whether a path is the directory or in it, by their text.</summary>
    public static bool IsAtOrBelow(string path, string directory)
        => directory == "/" || (path.StartsWith(directory, StringComparison.Ordinal) && (path.Length == directory.Length || path[directory.Length] == '/'));

    private static bool Has(ReadOnlySpan<string> fields, string prefix)
    {
        foreach (var field in fields)
        {
            if (field.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    // Space, tab, line feed and backslash are three octal digits after a backslash; other bytes are as they are.
    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        var result = new ArrayBufferWriter<byte>(bytes.Length);
        for (var at = 0; at < bytes.Length; at++)
        {
            if (bytes[at] == '\\' && at + 3 < bytes.Length)
            {
                result.Write([(byte)(((bytes[at + 1] - '0') << 6) | ((bytes[at + 2] - '0') << 3) | (bytes[at + 3] - '0'))]);
                at += 3;
            }
            else
            {
                result.Write([bytes[at]]);
            }
        }

        return Encoding.UTF8.GetString(result.WrittenSpan);
    }
}
