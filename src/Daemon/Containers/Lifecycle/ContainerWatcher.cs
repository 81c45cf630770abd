using System.Collections.Concurrent;
using System.Text.Json;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Follows each running container's supervisor, and passes on what it tells.</summary>
internal sealed class ContainerWatcher(ContainerPaths paths, ContainerEvents events, TimeProvider clock, ILogger<ContainerWatcher> log)
{
    private readonly ConcurrentDictionary<Task, byte> _watches = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>An exec of a container has ended: id of the container, and the exit.</summary>
    public event Action<string, ExecExit>? ExecExited;

    /// <summary>A supervisor was found again after a restart of the daemon: id of the container, and how things stand.</summary>
    public event Action<string, SupervisorState>? Adopted;

    /// <summary>A run is over; awaited before its watch ends.</summary>
    public Func<ContainerCell, RunOutcome, Task>? RunEnded { get; set; }

    /// <param name="supervisorPid">Tells this run from the container's others.</param>
    /// <param name="connection">Owned from here on.</param>
    public void Watch(ContainerCell cell, int supervisorPid, SupervisorConnection connection, IAsyncEnumerable<SupervisorEvent> happenings)
    {
        var watch = WatchAsync(cell, supervisorPid, connection, happenings);
        _watches[watch] = 0;
        _ = watch.ContinueWith(ended => _watches.TryRemove(ended, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    public void Adopt(string id, SupervisorState state)
    {
        if (state.LogErrors > 0)
        {
            log.LogWritesFailed(id, state.LogErrors, state.LastLogError);
        }

        Adopted?.Invoke(id, state);
    }

    /// <summary>Lets go of all supervisors; their containers run on.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_watches.Keys);
    }

    private async Task WatchAsync(ContainerCell cell, int supervisorPid, SupervisorConnection connection, IAsyncEnumerable<SupervisorEvent> happenings)
    {
        await Task.Yield(); // the caller holds the container's turn
        try
        {
            var (exit, abandoned) = await FollowAsync(cell, connection, happenings);
            if (RunEnded is { } ended)
            {
                await ended(cell, new RunOutcome(supervisorPid, exit, abandoned));
            }
        }
        catch (Exception) when (_stopping.IsCancellationRequested)
        {
            // The daemon stops; the next one finds the supervisor again.
        }
        catch (Exception error) // nothing may end a watch unnoticed: the container would be running for ever
        {
            log.ExitNotRecorded(cell.Id, error);
        }
    }

    private async Task<(ContainerExit Exit, bool Abandoned)> FollowAsync(ContainerCell cell, SupervisorConnection connection, IAsyncEnumerable<SupervisorEvent> happenings)
    {
        using (connection)
        using (_stopping.Token.Register(connection.Dispose)) // wakes the read below
        {
            try
            {
                await foreach (var happened in happenings)
                {
                    switch (happened)
                    {
                        case SupervisorEvent.State state:
                            Adopt(cell.Id, state.Value);
                            break;
                        case SupervisorEvent.ExecExited exec:
                            ExecExited?.Invoke(cell.Id, exec.Value);
                            break;
                        case SupervisorEvent.Oom oom:
                            log.ContainerOutOfMemory(cell.Id, oom.Value.Victim ?? "unknown process");
                            events.Publish("oom", cell.Record);
                            break;
                        case SupervisorEvent.LogTrouble trouble:
                            log.LogTrouble(cell.Id, trouble.Value.Message);
                            break;
                        case SupervisorEvent.Exited exited:
                            return (exited.Value, false);
                    }
                }
            }
            catch (EndOfStreamException)
            {
                // Killed; unless it wrote how the container ended first.
            }

            _stopping.Token.ThrowIfCancellationRequested();
            return ReadExit(cell.Id) is { } left ? (left, false) : (SupervisorKilled(), true);
        }
    }

    /// <summary>The record that the supervisor left of the run's end; null when there is none.</summary>
    public ContainerExit? ReadExit(string id)
    {
        var path = paths.Exit(id);
        return File.Exists(path) ? JsonSerializer.Deserialize(File.ReadAllBytes(path), SupervisorJson.Default.ContainerExit) : null;
    }

    private ContainerExit SupervisorKilled() => new(
        137, clock.GetUtcNow(), OomKilled: false, OomVictim: null, "the container's supervisor was killed, and the container with it");
}

/// <summary>The end of a run.</summary>
/// <param name="SupervisorPid">Tells it from the container's other runs.</param>
/// <param name="Abandoned">The supervisor was killed, and took nothing away that the run had made.</param>
internal sealed record RunOutcome(int SupervisorPid, ContainerExit Exit, bool Abandoned);
