using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Cgroups;

/// <summary>A descriptor that becomes readable (POLLIN, EPOLLIN) when a cgroup runs out of memory.</summary>
/// <remarks>
/// v1: an eventfd registered for memory.oom_control. v2: an inotify descriptor on memory.events, which also changes for other reasons
/// (memory.high, memory.max): so read <see cref="OomKills"/> after <see cref="Drain"/> and compare. v1 tells just before the kernel kills,
/// so the count may lag the event; the cgroup's count at the container's end is the last word.
/// </remarks>
public sealed class CgroupOomWatch : IDisposable
{
    private readonly ICgroup _cgroup;
    private readonly SafeFileHandle[] _alsoOwned;

    internal CgroupOomWatch(ICgroup cgroup, SafeFileHandle descriptor, params SafeFileHandle[] alsoOwned)
    {
        _cgroup = cgroup;
        Descriptor = descriptor;
        _alsoOwned = alsoOwned;
    }

    public SafeFileHandle Descriptor { get; }

    /// <summary>Takes what has been told, so that the descriptor is quiet until the next event.</summary>
    public void Drain()
    {
        Span<byte> events = stackalloc byte[4096];
        while (KernelFiles.ReadOnce(Descriptor, events) is > 8)
        {
            // An eventfd gives its 8 bytes and is empty; inotify may hold more than one buffer.
        }
    }

    /// <summary>Processes killed since the cgroup was made.</summary>
    public long OomKills() => _cgroup.OomKills();

    public void Dispose()
    {
        Descriptor.Dispose();
        foreach (var handle in _alsoOwned)
        {
            handle.Dispose();
        }
    }
}
