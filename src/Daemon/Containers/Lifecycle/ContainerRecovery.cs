using System.Net.Sockets;
using Berth.Daemon.Containers.Health;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Networks;
using Berth.Daemon.Volumes;
using Berth.Shared.Errors;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>
/// Start-up is recovery: every container on disk is compared with what runs. Supervisors are found again by their sockets, ends that nobody
/// saw are read from where the supervisors left them, what was begun and not completed is undone or finished, and the restart policies apply.
/// </summary>
internal sealed class ContainerRecovery(
    ContainersOptions options,
    ContainerPaths paths,
    ContainerIndex containers,
    ContainerStore store,
    ContainerLifecycle lifecycle,
    ContainerRemoval removal,
    ContainerWatcher watcher,
    RestartSchedule restarts,
    HealthMonitor health,
    SupervisorPool supervisors,
    NetworkService networks,
    UserNamespaceService userNamespaces,
    ContainerNames names,
    VolumeService volumes,
    ContainerConnections connections,
    StorageLimit storage,
    Trash trash,
    TimeProvider clock,
    ILogger<ContainerRecovery> log) : IHostedService
{
    // Runs that ended while no daemon was there: their policies have yet to be applied.
    private readonly HashSet<string> _endedUnseen = new(StringComparer.Ordinal);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        DirectoryMaker.Private(paths.Containers);
        DirectoryMaker.Private(paths.Trash);
        DirectoryMaker.Private(paths.Runs);
        watcher.RunEnded = lifecycle.OnRunEndedAsync;
        volumes.Restore();
        foreach (var record in store.All())
        {
            containers.Add(new ContainerCell(record, store));
        }

        supervisors.Prepare();
        var running = new List<ContainerCell>();
        foreach (var cell in containers.All.ToArray())
        {
            if (await RecoverAsync(cell, cancellationToken))
            {
                running.Add(cell);
            }
        }

        volumes.RestoreMounts(running.SelectMany(cell => ContainerVolumeUsers.Of(cell.Record)));
        networks.Observer = names;
        await networks.RestoreAsync(running.ToDictionary(cell => cell.Id, cell => cell.Record.State.LivePid ?? 0), cancellationToken);
        await RecoverConnectionsAsync(running);
        storage.Restore(containers.All.Select(cell => cell.Id));
        RemoveLeftovers();
        userNamespaces.ReleaseAllBut(containers.All.Select(cell => cell.Id).ToHashSet(StringComparer.Ordinal));
        foreach (var cell in containers.All.ToArray())
        {
            await StartByPolicyAsync(cell);
        }
    }

    private async Task RecoverConnectionsAsync(List<ContainerCell> running)
    {
        foreach (var cell in running)
        {
            try
            {
                await connections.RecoverAsync(cell);
            }
            catch (Exception error) when (error is IOException or EngineException)
            {
                log.RecoveryFailed(cell.Id, error); // one container's trouble must not keep the daemon from the others
            }
        }
    }

    /// <summary>Lets go of the containers: they run on, and the next daemon finds them.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await restarts.StopAsync();
        await health.StopAsync();
        await watcher.StopAsync();
        supervisors.Dispose();
        CgroupParent.RemoveIfEmpty(options.CgroupParent, await File.ReadAllTextAsync("/proc/self/mountinfo", cancellationToken));
    }

    /// <returns>Whether the container runs.</returns>
    private async Task<bool> RecoverAsync(ContainerCell cell, CancellationToken ct)
    {
        try
        {
            using var turn = await cell.EnterAsync(ct);
            switch (turn.Record)
            {
                case { IsBeingRemoved: true }:
                    removal.Remove(turn, removeVolumes: turn.Record.Plan.AutoRemove);
                    return false;
                case { IsLive: true }:
                    if (await AdoptAsync(turn, ct))
                    {
                        return true;
                    }

                    RecordUnseenExit(turn);
                    return false;
                case { Intent: ContainerIntent.Start }:
                    // Nobody was told that it started, and its network is not in the record: it is taken back.
                    EndRemains(turn.Record);
                    turn.Save(turn.Record with { Intent = null });
                    RemoveIfItShould(turn);
                    return false;
                default:
                    return false;
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            log.RecoveryFailed(cell.Id, error); // one container's trouble must not keep the daemon from the others
            return false;
        }
    }

    private async Task<bool> AdoptAsync(ContainerTurn turn, CancellationToken ct)
    {
        SupervisorConnection? connection = null;
        try
        {
            connection = await SupervisorConnection.ConnectAsync(paths.SupervisorSocket(turn.Cell.Id), ct);
            var happenings = connection.WatchAsync(CancellationToken.None).GetAsyncEnumerator(ct);
            if (await happenings.MoveNextAsync() && happenings.Current is SupervisorEvent.State { Value: var state } && state.SupervisorPid == turn.Record.SupervisorPid)
            {
                watcher.Adopt(turn.Cell.Id, state);
                watcher.Watch(turn.Cell, state.SupervisorPid, connection, new Remainder(happenings));
                if (turn.Record.State is ContainerState.Running)
                {
                    health.Follow(turn.Cell);
                }

                log.ContainerAdopted(turn.Cell.Id, state.Pid);
                return true;
            }

            connection.Dispose();
            return false;
        }
        catch (Exception gone) when (gone is SocketException or EndOfStreamException)
        {
            connection?.Dispose();
            return false;
        }
    }

    // It ended while no daemon was there.
    private void RecordUnseenExit(ContainerTurn turn)
    {
        var record = turn.Record;
        EndRemains(record);
        var exit = watcher.ReadExit(record.Id) ?? Unknown();
        turn.Save(record.Exited(exit.ExitCode, exit.FinishedAt, exit.OomKilled, exit.Error));
        log.ContainerExited(record.Id, exit.ExitCode);
        File.Delete(paths.Exit(record.Id));
        _endedUnseen.Add(record.Id);
        RemoveIfItShould(turn);
    }

    private ContainerExit Unknown() => new(
        255, clock.GetUtcNow(), OomKilled: false, OomVictim: null, "the container and its supervisor ended while the daemon was away: by a restart of the host, or killed");

    private void RemoveIfItShould(ContainerTurn turn)
    {
        if (turn.Record.Plan.AutoRemove)
        {
            removal.Remove(turn, removeVolumes: true);
        }
    }

    private void EndRemains(ContainerRecord record)
    {
        lifecycle.EndRemains(record);
        if (Directory.Exists(paths.Run(record.Id)))
        {
            Directory.Delete(paths.Run(record.Id), recursive: true);
        }
    }

    /// <summary>Directories without a record: of a create that was cut off, or of a removal.</summary>
    private void RemoveLeftovers()
    {
        foreach (var directory in Directory.EnumerateDirectories(paths.Containers))
        {
            var name = Path.GetFileName(directory);
            if (directory != paths.Trash && containers.Find(name)?.Id != name)
            {
                log.LeftoverRemoved(directory);
                trash.Discard(directory);
            }
        }

        foreach (var directory in Directory.EnumerateDirectories(paths.Runs))
        {
            if (containers.Find(Path.GetFileName(directory)) is not { Record.IsLive: true })
            {
                log.LeftoverRemoved(directory);
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private async Task StartByPolicyAsync(ContainerCell cell)
    {
        try
        {
            using var turn = await cell.EnterAsync(CancellationToken.None);
            switch (turn.Record)
            {
                case { State: ContainerState.Restarting }:
                    lifecycle.ScheduleRestart(cell, TimeSpan.Zero);
                    break;
                case { State: ContainerState.Exited exited, Plan: { AutoRemove: false } plan } record
                    when RestartDecision.AtDaemonStart(plan.Restart, record.StoppedByUser)
                        || (_endedUnseen.Contains(cell.Id) && RestartDecision.AfterExit(plan.Restart, exited.ExitCode, record.StoppedByUser, record.RestartCount)):
                    turn.Save(record.ToRestart());
                    lifecycle.ScheduleRestart(cell, TimeSpan.Zero);
                    break;
            }
        }
        catch (EngineException removed) when (removed.Kind == ErrorKind.NotFound)
        {
            // It removed itself in its recovery.
        }
    }

    /// <summary>What is left of a sequence whose first element was taken.</summary>
    private sealed class Remainder(IAsyncEnumerator<SupervisorEvent> events) : IAsyncEnumerable<SupervisorEvent>
    {
        public IAsyncEnumerator<SupervisorEvent> GetAsyncEnumerator(CancellationToken cancellationToken = default) => events;
    }
}
