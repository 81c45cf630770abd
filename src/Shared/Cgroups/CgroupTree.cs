using Berth.Shared.Linux;

namespace Berth.Shared.Cgroups;

/// <summary>Directories of a cgroup file system.</summary>
internal static class CgroupTree
{
    /// <summary>mkdir(2) for the directory and what is missing above it, up to the mount point.</summary>
    /// <param name="made">Called for each directory that was made, from the top down.</param>
    public static void Make(string directory, string mountPoint, Action<string>? made = null)
    {
        var result = Libc.mkdir_path(directory, 0x1ED); // 0755
        if (result < 0 && Syscall.LastErrno == Errno.ENOENT && directory.Length > mountPoint.Length)
        {
            Make(Parent(directory), mountPoint, made);
            result = Libc.mkdir_path(directory, 0x1ED);
        }

        if (result < 0 && Syscall.LastErrno == Errno.EEXIST)
        {
            return;
        }

        Syscall.Check(result, "mkdir", directory);
        made?.Invoke(directory);
    }

    public static string Parent(string directory) => directory[..directory.LastIndexOf('/')];

    /// <summary>The pids in cgroup.procs of the directory and of those below it.</summary>
    public static void CollectProcesses(string directory, HashSet<int> pids)
    {
        // EOPNOTSUPP: a threaded cgroup of v2 (its processes are listed by the domain above it).
        var text = KernelFiles.ReadTextOrNull($"{directory}/cgroup.procs");
        if (text is null && !Directory.Exists(directory))
        {
            return;
        }

        foreach (var line in (text ?? "").AsSpan().EnumerateLines())
        {
            if (line.Length > 0 && int.Parse(line) is > 0 and var pid) // 0: a process of a pid namespace we can't see into
            {
                pids.Add(pid);
            }
        }

        foreach (var child in Children(directory))
        {
            CollectProcesses(child, pids);
        }
    }

    /// <summary>rmdir(2) from the bottom up; false when processes are still inside.</summary>
    public static bool TryRemove(string directory)
    {
        foreach (var child in Children(directory))
        {
            if (!TryRemove(child))
            {
                return false;
            }
        }

        if (Libc.rmdir_path(directory) == 0)
        {
            return true;
        }

        switch (Syscall.LastErrno)
        {
            case Errno.ENOENT:
                return true;
            case Errno.EBUSY:
                return false;
            default:
                Syscall.Check(-1, "rmdir", directory);
                return false;
        }
    }

    public static void Remove(string directory, TimeSpan timeout)
    {
        var backoff = new Backoff(timeout);
        while (!TryRemove(directory))
        {
            // v1 has no event for "the last process is gone", v2's would save milliseconds at best.
            if (!backoff.Wait())
            {
                throw new TimeoutException($"Cannot remove the cgroup {directory}: processes are still in it");
            }
        }
    }

    public static IReadOnlyList<string> Children(string directory)
    {
        try
        {
            return Directory.GetDirectories(directory);
        }
        catch (DirectoryNotFoundException)
        {
            return []; // removed meanwhile
        }
    }
}
