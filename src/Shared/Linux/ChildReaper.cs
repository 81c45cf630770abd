using System.Collections.Concurrent;

namespace Berth.Shared.Linux;

/// <summary>
/// One thread that waits for all spawned children by their descriptors. SIGCHLD is left alone: it belongs to the .NET runtime's Process class.
/// Each child counts once: as soon as it is reaped, its descriptor leaves the set.
/// </summary>
internal sealed class ChildReaper
{
    internal static readonly ChildReaper Shared = new();

    private const int StackSize = 128 << 10;

    private readonly ConcurrentDictionary<int, (SpawnedProcess Process, TaskCompletionSource<ProcessExit> Exit)> children = new();
    private readonly Epoll epoll = new();

    private ChildReaper()
        => new Thread(Run, StackSize) { IsBackground = true, Name = "child reaper" }.Start();

    internal Task<ProcessExit> WaitAsync(SpawnedProcess process)
    {
        // Continuations must not run on the reaping thread.
        var exit = new TaskCompletionSource<ProcessExit>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!children.TryAdd(process.Pid, (process, exit)))
        {
            throw new InvalidOperationException($"process {process.Pid} is waited for already");
        }

        var held = false;
        process.PidFd.DangerousAddRef(ref held); // until Forget: a closed descriptor would leave the set unseen
        epoll.Add(process.PidFd.Fd(), EpollEvents.In, (ulong)process.Pid);
        return exit.Task;
    }

    private void Run()
    {
        var ready = new ReadyDescriptor[64];
        while (true)
        {
            var count = epoll.Wait(ready, Timeout.Infinite);
            for (var i = 0; i < count; i++)
            {
                Reap((int)ready[i].Data);
            }
        }
    }

    private void Reap(int pid)
    {
        if (!children.TryGetValue(pid, out var child))
        {
            return;
        }

        try
        {
            if (!Processes.TryReap(pid, out var exit))
            {
                return;
            }

            Forget(pid, child.Process);
            child.Exit.SetResult(exit);
        }
        catch (ErrnoException alreadyReaped)
        {
            Forget(pid, child.Process);
            child.Exit.SetException(alreadyReaped);
        }
    }

    private void Forget(int pid, SpawnedProcess process)
    {
        epoll.Remove(process.PidFd.Fd());
        process.PidFd.DangerousRelease();
        children.TryRemove(pid, out _);
    }
}
