using Berth.Runtime.Launch;
using Berth.Runtime.Plan;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Rootfs;

/// <summary>User namespaces: their maps, and descriptors of ones that exist only for id-mapped mounts.</summary>
internal static class UserNamespace
{
    /// <summary>Writes the maps of a child that was cloned into a new user namespace and waits for them; user_namespaces(7).</summary>
    public static void WriteMaps(int pid, OciIdMapping[] uids, OciIdMapping[] gids)
    {
        FilesAt.WriteOnce($"/proc/{pid}/uid_map", IdMap.Format(uids));
        FilesAt.WriteOnce($"/proc/{pid}/gid_map", IdMap.Format(gids));
    }

    /// <summary>A user namespace with these maps that nobody is in, for <see cref="MountAttributes.IdMap"/>.</summary>
    public static SafeFileHandle Create(OciIdMapping[] uids, OciIdMapping[] gids)
    {
        using var steps = new StepList();
        var (goRead, goWrite) = FilesAt.Pipe();
        using (goRead)
        using (goWrite)
        {
            steps.AddClose(goWrite);
            steps.AddWait(goRead); // ends when we close our end: the namespace needs a process only until it is opened
            using var child = ChildProcess.Clone(steps, NamespaceKinds.User, cgroup: null);
            try
            {
                WriteMaps(child.Pid, uids, gids);
                return FilesAt.Open($"/proc/{child.Pid}/ns/user", OpenFlags.ReadOnly);
            }
            finally
            {
                child.Kill();
            }
        }
    }
}
