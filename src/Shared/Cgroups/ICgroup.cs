using Berth.Shared.Oci;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Cgroups;

/// <summary>One control group: on v1 the directory of this path in every mounted hierarchy, on v2 the one directory.</summary>
/// <remarks>
/// Holds no descriptors and keeps no state, so runtime and daemon may each have an object for the same path. All calls are synchronous and
/// short but for those that say otherwise. Unless a method says more, it throws <see cref="Linux.ErrnoException"/> when the kernel refuses.
/// </remarks>
public interface ICgroup
{
    /// <summary>Path below the hierarchies' mount points, with a leading slash.</summary>
    string Path { get; }

    bool Exists { get; }

    /// <summary>Makes the directories and, above them, what children need (v1: cpuset copied from the parent; v2: controllers enabled). Existing ones are kept.</summary>
    /// <exception cref="Errors.EngineException">Conflict: a cgroup above holds processes itself and so can't have children with controllers (v2).</exception>
    void Create();

    /// <summary>Sets what <paramref name="resources"/> names and leaves the rest.</summary>
    /// <returns>One sentence for each value that this kernel has no file for.</returns>
    /// <exception cref="Errors.EngineException">InvalidArgument: the values contradict one another or the kernel refuses one; the message names the file.</exception>
    IReadOnlyList<string> Apply(OciResources resources);

    /// <summary>Moves a process, with all its threads, into this cgroup.</summary>
    /// <param name="besidePid">A process of this cgroup (the container's first): where the cgroup has been divided by the container itself and so
    /// can't hold processes (v2), the newcomer joins this one's. 0: none.</param>
    void AddProcess(int pid, int besidePid = 0);

    /// <summary>The directory for CLONE_INTO_CGROUP, owned by the caller; null on v1, where <see cref="AddProcess"/> is the way.</summary>
    SafeFileHandle? OpenDirectory();

    /// <summary>Pids, as this process's pid namespace sees them, of this cgroup and those below it.</summary>
    IReadOnlyList<int> Processes();

    bool IsFrozen { get; }

    /// <summary>Stops every process, those of cgroups below included; returns when all have stopped.</summary>
    /// <exception cref="TimeoutException">Some process did not stop in time (a sleep that cannot be interrupted); all are thawed again.</exception>
    void Freeze(TimeSpan timeout);

    void Thaw();

    /// <summary>SIGKILL to every process, also to those that fork meanwhile, frozen or not. Does not wait for their end.</summary>
    void Kill();

    CgroupStats Stats();

    /// <summary>Processes the kernel has killed here for want of memory since <see cref="Create"/>.</summary>
    long OomKills();

    /// <summary>Tells by a descriptor when the cgroup runs out of memory; null where no memory controller is mounted.</summary>
    CgroupOomWatch? WatchOom();

    /// <summary>Removes the cgroup and those below it. Processes that are just ending are waited for; a cgroup that is gone already is fine.</summary>
    /// <exception cref="TimeoutException">Processes are still in it after <paramref name="timeout"/>.</exception>
    void Destroy(TimeSpan timeout);
}
