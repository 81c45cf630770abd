using Berth.Shared.Linux;

namespace Berth.Shared.Cgroups.V2;

/// <summary>cgroup.subtree_control: gives a cgroup's children their controllers.</summary>
internal static class V2Controllers
{
    private static readonly string[] s_used = ["cpu", "cpuset", "io", "memory", "hugetlb", "pids", "rdma", "misc"];

    /// <summary>Enables on every level from the mount point down to the directory's parent what is there and not yet enabled.</summary>
    public static void EnableAbove(string directory, string mountPoint)
    {
        var parent = CgroupTree.Parent(directory);
        if (parent.Length > mountPoint.Length)
        {
            EnableAbove(parent, mountPoint);
        }

        if (parent.Length >= mountPoint.Length)
        {
            EnableIn(parent, mountPoint);
        }
    }

    private static void EnableIn(string directory, string mountPoint)
    {
        var available = Words($"{directory}/cgroup.controllers");
        var enabled = Words($"{directory}/cgroup.subtree_control");
        var missing = s_used.Where(controller => available.Contains(controller) && !enabled.Contains(controller)).ToArray();
        if (missing.Length == 0)
        {
            return;
        }

        var file = $"{directory}/cgroup.subtree_control";
        var result = Try(file, missing);
        if (result == Errno.EBUSY && directory == mountPoint && MoveOwnProcessesDown(directory))
        {
            result = Try(file, missing);
        }

        if (result == Errno.EBUSY)
        {
            throw CgroupErrors.DividedAbove(directory, new ErrnoException(result, "write", file));
        }

        if (result != Errno.None)
        {
            // One controller that can't be (cpu, while realtime processes run) must not cost the others: a limit that needs it becomes a warning.
            foreach (var controller in missing)
            {
                Try(file, [controller]);
            }
        }
    }

    /// <summary>
    /// At the root of a cgroup namespace (Berth in a container) our own processes sit in the cgroup that must be divided. The real root, which has
    /// no cgroup.type, never answers EBUSY.
    /// </summary>
    private static bool MoveOwnProcessesDown(string root)
    {
        if (!File.Exists($"{root}/cgroup.type"))
        {
            return false;
        }

        var leaf = $"{root}/berth-init";
        CgroupTree.Make(leaf, root);
        foreach (var pid in KernelFiles.ReadText($"{root}/cgroup.procs").Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            try
            {
                KernelFiles.WriteText($"{leaf}/cgroup.procs", pid);
            }
            catch (ErrnoException e) when (e.Errno == Errno.ESRCH)
            {
                // It ended meanwhile.
            }
        }

        return true;
    }

    private static Errno Try(string file, string[] controllers)
    {
        try
        {
            KernelFiles.WriteText(file, string.Join(' ', controllers.Select(controller => $"+{controller}")));
            return Errno.None;
        }
        catch (ErrnoException e)
        {
            return e.Errno;
        }
    }

    private static string[] Words(string path) => (KernelFiles.ReadTextOrNull(path) ?? "").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
}
