using System.Globalization;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>The cgroup that all containers of this daemon lie in.</summary>
internal static class CgroupParent
{
    /// <summary>Removes it where nothing is in it any more. The kernel refuses while a container runs, or another daemon uses the same one.</summary>
    /// <param name="mountInfo">/proc/self/mountinfo, proc_pid_mountinfo(5).</param>
    public static void RemoveIfEmpty(string parent, string mountInfo)
    {
        foreach (var mountPoint in MountPoints(mountInfo))
        {
            try
            {
                Directory.Delete(mountPoint + parent); // rmdir(2): the files of a cgroup do not count
            }
            catch (IOException)
            {
                // Not there, or in use.
            }
        }
    }

    internal static IEnumerable<string> MountPoints(string mountInfo)
    {
        foreach (var line in mountInfo.Split('\n'))
        {
            // id parent major:minor root mountpoint options [optional fields] - type source superoptions
            var dash = line.IndexOf(" - cgroup", StringComparison.Ordinal);
            if (dash > 0 && line[..dash].Split(' ') is [_, _, _, "/", var mountPoint, ..])
            {
                yield return mountPoint.Replace("\\040", " ", true, CultureInfo.InvariantCulture);
            }
        }
    }
}
