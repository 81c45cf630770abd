using System.Diagnostics;
using System.Text;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Kernel.Tests.Images;

/// <summary>A tree's list: per path all that an image must keep, as one line of text.</summary>
internal static class FileTree
{
    public static SortedDictionary<string, string> List(string root)
    {
        var list = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var directory = TreeFiles.OpenDirectory(root);
        list["."] = Describe(directory, []);
        Walk(directory, "", list);
        return list;
    }

    /// <summary>Shows layers merged, as a container would see them, while <paramref name="use"/> runs.</summary>
    /// <param name="lower">Top first.</param>
    public static void Merged(string[] lower, string scratch, Action<string> use)
    {
        var (merged, upper, work) = (Path.Combine(scratch, "merged"), Path.Combine(scratch, "upper"), Path.Combine(scratch, "work"));
        foreach (var directory in new[] { merged, upper, work })
        {
            Directory.CreateDirectory(directory);
        }

        // Read-only: the root's attributes then are the top layer's, not those of a fresh upper directory.
        var layers = lower.Length > 1 ? string.Join(':', lower) : $"{lower[0]}:{upper}";
        Run("mount", "-t", "overlay", "overlay", "-o", $"lowerdir={layers}", merged);
        try
        {
            use(merged);
        }
        finally
        {
            Run("umount", merged);
        }
    }

    public static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var error = process.StandardError.ReadToEndAsync();
        _ = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error.Result}");
    }

    private static void Walk(SafeFileHandle directory, string path, SortedDictionary<string, string> list)
    {
        foreach (var entry in TreeFiles.ReadDirectory(directory))
        {
            var name = $"{path}/{Encoding.Latin1.GetString(entry.Name)}";
            list[name] = Describe(directory, entry.Name);
            if (entry.Kind == FileKind.Directory)
            {
                using var inner = TreeFiles.OpenSubdirectory(directory, entry.Name);
                Walk(inner, name, list);
            }
        }
    }

    private static string Describe(SafeFileHandle directory, byte[] name)
    {
        var status = TreeFiles.TryStatus(directory, name)!.Value;
        var attributes = TreeFiles.ReadAttributes(directory, name)
            .Where(attribute => !Encoding.UTF8.GetString(attribute.Name).StartsWith("trusted.overlay.", StringComparison.Ordinal))
            .Select(attribute => $"{Encoding.UTF8.GetString(attribute.Name)}={Convert.ToHexString(attribute.Value)}").Order(StringComparer.Ordinal);
        var content = status.Kind switch
        {
            FileKind.Directory => "directory",
            FileKind.Symlink => $"-> {Encoding.UTF8.GetString(TreeFiles.ReadLink(directory, name))} links {status.Links}",
            FileKind.Regular => $"{status.Size} links {status.Links} {Hash(directory, name)}",
            _ => $"{status.DeviceMajor}:{status.DeviceMinor} links {status.Links}",
        };
        return $"{Convert.ToString(status.Mode, 8)} {status.Uid}:{status.Gid} {status.Modified.Seconds}.{status.Modified.Nanoseconds:D9} {content} {string.Join(',', attributes)}";
    }

    private static string Hash(SafeFileHandle directory, byte[] name)
    {
        using var file = new FileStream(TreeFiles.OpenFile(directory, name), FileAccess.Read);
        return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(file))[..16];
    }
}
