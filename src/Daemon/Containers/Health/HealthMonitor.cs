using System.Collections.Concurrent;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Health;

/// <summary>
/// Asks running containers, each at its intervals, whether they work, and keeps the answers in their records. A container that waits for its next check costs
/// a timer and no thread.
/// </summary>
internal sealed class HealthMonitor(HealthProbe probe, ContainerEvents events, TimeProvider clock, ILogger<HealthMonitor> log)
{
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _watched = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _watches = new();
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>From now on, if it has a check. The caller holds the container's turn, and its record says that it runs.</summary>
    public void Follow(ContainerCell cell)
    {
        Leave(cell.Id);
        if (cell.Record is not { Plan.Health: { } plan, State: ContainerState.Running run })
        {
            return;
        }

        var watched = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        _watched[cell.Id] = watched;
        var watch = WatchAsync(cell, plan, run, watched);
        _watches[watch] = 0;
        _ = watch.ContinueWith(ended => _watches.TryRemove(ended, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>No more: it is paused, or its run is over. A check that is on is called off.</summary>
    public void Leave(string id)
    {
        if (_watched.TryRemove(id, out var watched))
        {
            watched.Cancel();
            watched.Dispose(); // who takes it out of the table disposes of it
        }
    }

    /// <summary>Lets go of all containers; the next daemon goes on where this one was.</summary>
    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_watches.Keys);
    }

    private async Task WatchAsync(ContainerCell cell, HealthPlan plan, ContainerState.Running run, CancellationTokenSource watched)
    {
        var ct = watched.Token;
        await Task.Yield(); // the caller holds the container's turn
        try
        {
            await probe.EndLeftoversAsync(cell.Id);
            var last = LastCheck(cell.Record, run) ?? run.StartedAt;
            while (cell.Record.Health is { } health)
            {
                await Task.Delay(Wait(health, plan, run, last), clock, ct);
                if (!await CheckAsync(cell, plan, run, ct))
                {
                    return;
                }

                last = clock.GetUtcNow();
            }
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Left, or the daemon stops.
        }
        finally
        {
            if (_watched.TryRemove(KeyValuePair.Create(cell.Id, watched)))
            {
                watched.Dispose();
            }
        }
    }

    // A check that fell due while no daemon was there, or while the container was paused, is made at once; and a clock that was set back delays none.
    private TimeSpan Wait(HealthState health, HealthPlan plan, ContainerState.Running run, DateTimeOffset last)
    {
        var now = clock.GetUtcNow();
        var pause = HealthTimer.Within(health.PauseBeforeNext(plan, now - run.StartedAt));
        var left = HealthTimer.Within(pause - (now - last));
        return left < pause ? left : pause;
    }

    private static DateTimeOffset? LastCheck(ContainerRecord container, ContainerState.Running run)
        => container.Health?.Log is [.., var last] && last.Start >= run.StartedAt ? last.End : null;

    /// <returns><see langword="false"/> when there is nothing more to check.</returns>
    private async Task<bool> CheckAsync(ContainerCell cell, HealthPlan plan, ContainerState.Running run, CancellationToken ct)
    {
        try
        {
            var result = await probe.RunAsync(cell.Record, plan, ct);
            using var turn = await cell.EnterAsync(ct);
            if (turn.Record is not { State: ContainerState.Running now, Health: { } before } || now.SupervisorPid != run.SupervisorPid)
            {
                return false;
            }

            var after = before.After(result, plan, run.StartedAt);
            turn.Save(turn.Record with { Health = after });
            if (after.Status != before.Status)
            {
                var word = HealthState.Word(after.Status);
                events.Publish($"health_status: {word}", turn.Record);
                log.HealthChanged(cell.Id, word);
            }

            return true;
        }
        catch (EngineException over) when (over.Kind is ErrorKind.Conflict or ErrorKind.NotFound)
        {
            return over.Kind == ErrorKind.Conflict; // its end is on the way, and calls this off
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            log.CheckFailed(cell.Id, error); // nothing may end a watch unnoticed: the container would stay as healthy as it was
            return true;
        }
    }
}
