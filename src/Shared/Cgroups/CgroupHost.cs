using System.Text;
using Berth.Shared.Cgroups.Devices;
using Berth.Shared.Cgroups.V1;
using Berth.Shared.Cgroups.V2;
using Berth.Shared.Linux;
using Berth.Shared.Oci;

namespace Berth.Shared.Cgroups;

/// <summary>The cgroup file systems of this host as this process sees them, and the way to open or make a cgroup on them.</summary>
public sealed class CgroupHost
{
    private readonly IReadOnlyList<CgroupHierarchy> _hierarchies;

    private CgroupHost(IReadOnlyList<CgroupHierarchy> hierarchies)
    {
        _hierarchies = hierarchies;
        var unified = hierarchies.FirstOrDefault(h => h.IsUnified);
        var v1 = hierarchies.Where(h => !h.IsUnified && !h.Controllers[0].StartsWith("name=", StringComparison.Ordinal)).ToArray();
        Mode = v1.Length == 0 ? CgroupMode.V2 : unified is null ? CgroupMode.V1 : CgroupMode.Hybrid;
        Controllers = (Mode == CgroupMode.V2 ? unified!.Controllers : v1.SelectMany(h => h.Controllers)).ToHashSet(StringComparer.Ordinal);
    }

    public CgroupMode Mode { get; }

    /// <summary>What is mounted, for those who show it to a container.</summary>
    public IReadOnlyList<CgroupHierarchy> Hierarchies => _hierarchies;

    /// <summary>Those that Berth uses, by the names of their hierarchies' version: "io" on v2 is "blkio" on v1; v2 has freezer and devices always, and doesn't list them.</summary>
    public IReadOnlySet<string> Controllers { get; }

    /// <exception cref="Errors.EngineException">Unavailable: no cgroup file system is mounted.</exception>
    public static CgroupHost Detect() => Parse(
        KernelFiles.ReadText("/proc/self/mountinfo"),
        KernelFiles.ReadText("/proc/self/cgroup"),
        mountPoint => KernelFiles.ReadTextOrNull($"{mountPoint}/cgroup.controllers") ?? "");

    /// <param name="mountInfo">/proc/self/mountinfo, proc_pid_mountinfo(5).</param>
    /// <param name="selfCgroup">/proc/self/cgroup, cgroups(7).</param>
    /// <param name="readControllers">cgroup.controllers of the v2 mount point given.</param>
    internal static CgroupHost Parse(string mountInfo, string selfCgroup, Func<string, string> readControllers)
    {
        var own = ParseSelf(selfCgroup);
        var found = new List<CgroupHierarchy>();
        foreach (var line in mountInfo.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            // id parent major:minor root mountpoint options [optional fields] - type source superoptions
            var dash = line.IndexOf(" - ", StringComparison.Ordinal);
            if (dash < 0)
            {
                continue;
            }

            var head = line[..dash].Split(' ');
            var tail = line[(dash + 3)..].Split(' ');
            if (head.Length < 5 || tail.Length < 3 || tail[0] is not ("cgroup" or "cgroup2"))
            {
                continue;
            }

            var unified = tail[0] == "cgroup2";
            var mountPoint = Unescape(head[4]);
            string[] controllers = unified
                ? readControllers(mountPoint).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
                : [.. tail[2].Split(',').Where(option => own.ContainsKey(option))];
            if ((!unified && controllers.Length == 0) || found.Any(h => h.IsUnified == unified && (unified || h.Controllers.SequenceEqual(controllers))))
            {
                continue; // the same hierarchy mounted once more
            }

            var ownPath = own.GetValueOrDefault(unified ? "" : controllers[0], "/");
            found.Add(new CgroupHierarchy(mountPoint, controllers, BelowRoot(ownPath, Unescape(head[3])), unified));
        }

        return found.Count == 0 ? throw CgroupErrors.NoHierarchy() : new CgroupHost(found);
    }

    /// <summary>The cgroup of this path, which need not exist.</summary>
    /// <param name="path">"/a/b" below the hierarchies' mount points; "a/b" below this process's own cgroup.</param>
    /// <exception cref="Errors.EngineException">InvalidArgument: not such a path. NotImplemented: the systemd driver's form.</exception>
    public ICgroup Open(string path)
    {
        CheckPath(path);
        if (Mode == CgroupMode.V2)
        {
            var unified = _hierarchies.First(h => h.IsUnified);
            return new CgroupV2(path, unified.MountPoint, DirectoryIn(unified, path));
        }

        // Named hierarchies are someone's bookkeeping; only systemd's matters, which kills by it what a unit leaves behind.
        var directories = _hierarchies
            .Where(h => !h.IsUnified && (!h.Controllers[0].StartsWith("name=", StringComparison.Ordinal) || SystemdRuns))
            .Select(h => new V1Directory(h.MountPoint, DirectoryIn(h, path), h.Controllers))
            .ToArray();
        return new CgroupV1(path, directories);
    }

    /// <summary>
    /// Makes a container's cgroup and applies the resources; removes it again when they are refused. Devices are denied unless the resources' rules
    /// allow them or every container has them (<see cref="DeviceRules.Standard"/>), as other OCI runtimes do; allowing everything is a rule as well.
    /// </summary>
    /// <param name="warnings">What <see cref="ICgroup.Apply"/> returned.</param>
    /// <exception cref="Errors.EngineException">As <see cref="Open"/>, <see cref="ICgroup.Create"/> and <see cref="ICgroup.Apply"/>.</exception>
    public ICgroup Create(string path, OciResources? resources, out IReadOnlyList<string> warnings)
    {
        var cgroup = Open(path);
        var existed = cgroup.Exists;
        try
        {
            cgroup.Create();
            var rules = DeviceRules.WithStandard(resources?.Devices ?? []);
            warnings = cgroup.Apply((resources ?? new OciResources()) with { Devices = rules });
            return cgroup;
        }
        catch when (!existed)
        {
            cgroup.Destroy(TimeSpan.FromSeconds(1));
            throw;
        }
    }

    private static bool SystemdRuns => Directory.Exists("/run/systemd/system");

    private static string DirectoryIn(CgroupHierarchy hierarchy, string path)
    {
        var below = path.StartsWith('/') ? path : $"{hierarchy.OwnPath.TrimEnd('/')}/{path}";
        return hierarchy.MountPoint.TrimEnd('/') + below.TrimEnd('/');
    }

    private static void CheckPath(string path)
    {
        if (path.Split(':').Length == 3)
        {
            throw CgroupErrors.SystemdPath(path);
        }

        if (path.Trim('/').Length == 0)
        {
            throw CgroupErrors.BadPath(path, "it names the root");
        }

        if (path.Any(char.IsControl) || path.Trim('/').Split('/').Any(part => part is "" or "." or ".."))
        {
            throw CgroupErrors.BadPath(path, "empty parts, '.', '..' and control characters are not allowed");
        }
    }

    /// <summary>By controller (or "name=x"; "" for v2) the path of this process.</summary>
    private static Dictionary<string, string> ParseSelf(string selfCgroup)
    {
        var paths = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in selfCgroup.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = line.Split(':', 3); // id:controllers:path
            if (parts.Length != 3)
            {
                continue;
            }

            foreach (var controller in parts[1].Split(','))
            {
                paths[controller] = parts[2];
            }
        }

        return paths;
    }

    /// <summary>A path of the hierarchy as it appears below a mount of its subtree <paramref name="root"/>; outside of it, the mount's own root.</summary>
    private static string BelowRoot(string path, string root)
    {
        if (root == "/")
        {
            // In a cgroup namespace, a cgroup outside of it reads "/../x": not reachable by this mount.
            return path.StartsWith("/..", StringComparison.Ordinal) ? "/" : path;
        }

        return path == root || !path.StartsWith(root + "/", StringComparison.Ordinal) ? "/" : path[root.Length..];
    }

    /// <summary>mountinfo writes space, tab, newline and backslash as three octal digits.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length)
            {
                result.Append((char)(((text[i + 1] - '0') << 6) | ((text[i + 2] - '0') << 3) | (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                result.Append(text[i]);
            }
        }

        return result.ToString();
    }
}
