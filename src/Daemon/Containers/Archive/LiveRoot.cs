using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Archive;

/// <summary>The root directory of a running container's first process, with all that is mounted there.</summary>
internal static class LiveRoot
{
    /// <summary>Opens it. A pid alone is not enough: by the time it is looked up it may be another process, one of the host's among them.</summary>
    /// <exception cref="EngineException">Conflict: the process has ended, or has left the container's namespaces.</exception>
    public static SafeFileHandle Open(ContainerRecord container, int pid)
    {
        try
        {
            using var process = Processes.OpenPid(pid);
            var root = FilesAt.Open($"/proc/{pid}/root", OpenFlags.PathOnly | OpenFlags.Directory);
            var isOwn = IsInside(container.Id, pid);
            // Still alive means that it was alive all the while: the pid meant this process at each step.
            if (isOwn && Processes.TrySignal(process, 0))
            {
                return root;
            }

            root.Dispose();
            throw isOwn ? ContainerErrors.NotRunning(container.Id) : new EngineException(ErrorKind.Conflict,
                $"the first process of container {container.Id} has left the container: stop the container to reach its files");
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.ENOENT or Errno.ESRCH)
        {
            throw ContainerErrors.NotRunning(container.Id);
        }
    }

    private static bool IsInside(string id, int pid)
    {
        var (own, its) = (FilesAt.Stat("/proc/self/ns/mnt").Inode, FilesAt.Stat($"/proc/{pid}/ns/mnt").Inode);
        return own != its && File.ReadLines($"/proc/{pid}/cgroup").Any(line => line.Contains(id, StringComparison.Ordinal));
    }
}
