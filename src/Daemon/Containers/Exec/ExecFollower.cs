using System.Collections.Concurrent;
using System.Globalization;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Exec;

/// <summary>
/// Keeps the registry true to what happens to containers: exits of execs, runs that end, removals. Registered after the containers'
/// recovery: it listens before that meets the supervisors again, and follows the containers that it found.
/// </summary>
internal sealed class ExecFollower(
    ContainerIndex containers, ContainerWatcher watcher, ExecRegistry execs, ContainerEvents events, ILogger<ExecFollower> log) : IHostedLifecycleService
{
    private readonly ConcurrentDictionary<string, Task> followed = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource stopping = new();

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        watcher.ExecExited += (_, exit) => execs.Exited(exit.ExecId, exit.ExitCode);
        watcher.Adopted += (_, state) => execs.Restore(state);
        execs.ProcessExited += PublishExit;
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var containerId in execs.ContainerIds)
        {
            switch (containers.Find(containerId))
            {
                case null:
                    execs.ContainerRemoved(containerId);
                    break;
                case { Record.IsLive: false } resting:
                    execs.RunEnded(containerId);
                    Follow(resting);
                    break;
                case var live:
                    Follow(live);
                    break;
            }
        }

        return Task.CompletedTask;
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(followed.Values);
    }

    /// <summary>From a container's first exec on.</summary>
    public void Follow(ContainerCell container) => followed.GetOrAdd(container.Id, static (_, state) => state.self.FollowAsync(state.container), (self: this, container));

    private async Task FollowAsync(ContainerCell container)
    {
        await Task.Yield(); // out of the dictionary's factory
        var stopped = Task.Delay(Timeout.Infinite, stopping.Token);
        try
        {
            while (!container.Removed.IsCompleted)
            {
                if (await Task.WhenAny(container.NextExit, container.Removed, stopped) == stopped)
                {
                    return;
                }

                execs.RunEnded(container.Id);
            }

            execs.ContainerRemoved(container.Id);
            followed.TryRemove(container.Id, out _);
        }
        catch (EngineException e)
        {
            log.ExecsNotSaved(e, container.Id);
        }
    }

    private void PublishExit(ExecRecord exec)
    {
        if (exec.State is ExecState.Exited exited && containers.Find(exec.ContainerId) is { } container)
        {
            events.Publish("exec_die", container.Record, ("execID", exec.Id), ("exitCode", exited.ExitCode.ToString(CultureInfo.InvariantCulture)));
        }
    }
}
