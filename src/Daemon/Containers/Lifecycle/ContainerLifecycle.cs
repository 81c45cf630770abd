using System.Net.Sockets;
using Berth.Daemon.Containers.Health;
using Berth.Daemon.Networks;
using Berth.Shared.Cgroups;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Starting, stopping and all between: the transitions of a container's state, and the order of their effects.</summary>
internal sealed partial class ContainerLifecycle(
    ContainersOptions options,
    ContainerPaths paths,
    ContainerIndex containers,
    ContainerRunner runner,
    ContainerWatcher watcher,
    ContainerRemoval removal,
    RestartSchedule restarts,
    HealthMonitor health,
    SupervisorPool supervisors,
    CgroupHost cgroups,
    RunPreparation preparation,
    NetworkService networks,
    ContainerVolumes volumes,
    ContainerEvents events,
    ILogger<ContainerLifecycle> log)
{
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(10);
    /// <summary>Beyond it a timer can't wait, and nobody would.</summary>
    private static readonly TimeSpan LongestPatience = TimeSpan.FromDays(40);

    private static readonly TimeSpan FreezePatience = TimeSpan.FromSeconds(10);

    /// <summary>Starts a created or exited container; one that waits for its restart, at once.</summary>
    /// <returns><see langword="false"/> when it was running already.</returns>
    /// <exception cref="EngineException">NotFound; Conflict: paused, or being removed; InvalidArgument: its program can't be executed.</exception>
    public async Task<bool> StartAsync(string idOrName, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        using var turn = await cell.EnterAsync(ct);
        switch (turn.Record.State)
        {
            case ContainerState.Running:
                return false;
            case ContainerState.Paused:
                throw ContainerErrors.StartWhilePaused();
        }

        restarts.Forget(cell.Id);
        await StartAsync(turn, turn.Record with { StoppedByUser = false, RestartCount = 0 }, ct);
        return true;
    }

    /// <summary>Starts in a turn that is held already; <paramref name="beginning"/> is the record with what the start changes beside the state.</summary>
    private async Task StartAsync(ContainerTurn turn, ContainerRecord beginning, CancellationToken ct)
    {
        if (beginning.IsBeingRemoved)
        {
            throw ContainerErrors.BeingRemoved(beginning.Id);
        }

        turn.Save(beginning with { Intent = ContainerIntent.Start });
        StartedRun run;
        try
        {
            run = await runner.StartAsync(turn.Cell, ct);
        }
        catch (LaunchFailedException failed)
        {
            Fail(turn, failed.Failure.ExitCode, failed.Message);
            throw ContainerErrors.StartFailed(failed.Failure.ExitCode is 126 or 127 ? ErrorKind.InvalidArgument : ErrorKind.Internal, failed.Message, failed);
        }
        catch (Exception error)
        {
            Fail(turn, exitCode: 128, error.Message);
            throw;
        }

        var (launched, control) = run;
        turn.Save(turn.Record.Started(launched.Pid, launched.SupervisorPid, launched.StartedAt));
        watcher.Watch(turn.Cell, launched.SupervisorPid, control, control.EventsAsync(CancellationToken.None));
        health.Follow(turn.Cell);
        events.Publish("start", turn.Record);
        log.ContainerStarted(turn.Record.Id, launched.Pid);
        supervisors.Refill();
    }

    private void Fail(ContainerTurn turn, int exitCode, string message)
    {
        turn.Save(turn.Record.StartFailed(exitCode, message));
        if (turn.Record.Plan.AutoRemove)
        {
            removal.Remove(turn, removeVolumes: true);
        }
        else
        {
            turn.Cell.AnnounceExit(new RunEnd(exitCode, message));
        }
    }

    /// <summary>Asks the container to end, and kills it when it does not.</summary>
    /// <param name="timeout">Null: the container's own, or the daemon's default; infinite: never kill.</param>
    /// <param name="signal">Null: the container's own.</param>
    /// <returns><see langword="false"/> when it was not running.</returns>
    public async Task<bool> StopAsync(string idOrName, TimeSpan? timeout, string? signal, CancellationToken ct)
    {
        int? number = signal is null ? null : Signals.Parse(signal);
        var cell = containers.Resolve(idOrName);
        Task<RunEnd> exit;
        int stopSignal;
        using (var turn = await cell.EnterAsync(ct))
        {
            if (turn.Record.State is ContainerState.Restarting)
            {
                CallOffRestart(turn);
                return true;
            }

            if (!turn.Record.IsLive)
            {
                return false;
            }

            stopSignal = number ?? turn.Record.Plan.StopSignal;
            turn.Save(turn.Record with { StoppedByUser = true });
            exit = cell.NextExit;
            await SignalAsync(turn.Record, stopSignal, CancellationToken.None);
            Resume(turn);
        }

        // From here on the stop goes through, whether or not the client waits for it.
        var patience = timeout ?? cell.Record.Plan.StopTimeout ?? options.StopTimeout;
        if (!await EndsWithinAsync(exit, patience))
        {
            await KillAsync(cell, exit);
        }

        events.Publish("stop", cell.Record);
        return true;
    }

    /// <summary>Stops, if it runs, and starts.</summary>
    public async Task RestartAsync(string idOrName, TimeSpan? timeout, string? signal, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        if (cell.Record.IsBeingRemoved)
        {
            throw ContainerErrors.BeingRemoved(cell.Id);
        }

        await StopAsync(cell.Id, timeout, signal, ct);
        await StartAsync(cell.Id, CancellationToken.None);
        events.Publish("restart", cell.Record);
    }

    /// <summary>Sends a signal; for SIGKILL, returns when the container has ended.</summary>
    /// <exception cref="EngineException">Conflict: not running. InvalidArgument: no such signal.</exception>
    public async Task KillAsync(string idOrName, string? signal, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        var number = string.IsNullOrEmpty(signal) ? Signals.Kill : Signals.TryParse(signal, out var parsed) ? parsed
            : throw new EngineException(ErrorKind.InvalidArgument, $"cannot kill container: {idOrName}: invalid signal: {signal}: {Signals.Form}");
        Task<RunEnd> exit;
        using (var turn = await cell.EnterAsync(ct))
        {
            var ends = number == Signals.Kill || number == turn.Record.Plan.StopSignal;
            if (turn.Record.State is ContainerState.Restarting && ends)
            {
                CallOffRestart(turn);
                return;
            }

            if (!turn.Record.IsLive)
            {
                throw ContainerErrors.CannotKill(idOrName, cell.Id);
            }

            if (ends)
            {
                turn.Save(turn.Record with { StoppedByUser = true });
            }

            exit = cell.NextExit;
            await SignalAsync(turn.Record, number, CancellationToken.None);
            if (ends)
            {
                Resume(turn);
            }
        }

        if (number == Signals.Kill && !await EndsWithinAsync(exit, KillPatience))
        {
            await KillAsync(cell, exit);
        }
    }

    public async Task PauseAsync(string idOrName, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        using var turn = await cell.EnterAsync(ct);
        switch (turn.Record.State)
        {
            case ContainerState.Paused:
                throw ContainerErrors.AlreadyPaused(cell.Id);
            case ContainerState.Restarting:
                throw ContainerErrors.IsRestarting(cell.Id);
            case not ContainerState.Running:
                throw ContainerErrors.NotRunning(cell.Id);
        }

        health.Leave(cell.Id); // before the freeze: a check that is on would only time out
        var cgroup = Cgroup(turn.Record);
        try
        {
            await Task.Run(() => cgroup.Freeze(FreezePatience), ct);
            turn.Save(turn.Record.PausedNow());
        }
        catch
        {
            health.Follow(turn.Cell);
            throw;
        }

        events.Publish("pause", turn.Record);
    }

    public async Task UnpauseAsync(string idOrName, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        using var turn = await cell.EnterAsync(ct);
        if (turn.Record.State is not ContainerState.Paused)
        {
            throw ContainerErrors.NotPaused(cell.Id);
        }

        Resume(turn);
        events.Publish("unpause", turn.Record);
    }

    /// <summary>Ends whatever goes on, for a removal by force; the container then rests.</summary>
    public async Task EndAsync(ContainerCell cell, CancellationToken ct)
    {
        Task<RunEnd> exit;
        using (var turn = await cell.EnterAsync(ct))
        {
            if (turn.Record.State is ContainerState.Restarting)
            {
                CallOffRestart(turn);
                return;
            }

            if (!turn.Record.IsLive)
            {
                return;
            }

            turn.Save(turn.Record with { StoppedByUser = true });
            exit = cell.NextExit;
            await SignalAsync(turn.Record, Signals.Kill, CancellationToken.None);
            Resume(turn);
        }

        if (!await EndsWithinAsync(exit, KillPatience))
        {
            await KillAsync(cell, exit);
        }
    }

    public ICgroup Cgroup(ContainerRecord container) => cgroups.Open(preparation.CgroupPath(container));

    /// <summary>Makes a frozen container go on: a signal only reaches what runs.</summary>
    private void Resume(ContainerTurn turn)
    {
        if (turn.Record.State is ContainerState.Paused)
        {
            Cgroup(turn.Record).Thaw();
            turn.Save(turn.Record.Resumed());
            health.Follow(turn.Cell);
        }
    }

    private void CallOffRestart(ContainerTurn turn)
    {
        restarts.Forget(turn.Cell.Id);
        turn.Save(turn.Record.RestartCalledOff(byUser: true));
        events.Publish("stop", turn.Record);
    }

    /// <summary>Signals the first process by its supervisor, which alone knows that the pid is still it.</summary>
    private async Task SignalAsync(ContainerRecord container, int signal, CancellationToken ct)
    {
        try
        {
            using var supervisor = await SupervisorConnection.ConnectAsync(paths.SupervisorSocket(container.Id), ct);
            await supervisor.SignalAsync(signal, all: false, ct);
        }
        catch (Exception gone) when (gone is SocketException or EndOfStreamException || gone is SupervisorException { Failure.Errno: (int)Errno.ESRCH })
        {
            return; // it has just ended: the exit is on its way
        }

        events.Publish("kill", container, ("signal", signal.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private static async Task<bool> EndsWithinAsync(Task exit, TimeSpan patience)
    {
        if (exit.IsCompleted || patience == Timeout.InfiniteTimeSpan || patience > LongestPatience)
        {
            await exit;
            return true;
        }

        using var over = new CancellationTokenSource();
        var first = await Task.WhenAny(exit, Task.Delay(patience, over.Token));
        await over.CancelAsync();
        return first == exit;
    }

    /// <summary>SIGKILL, first to the container's first process, and if that does not end it, to all of its cgroup.</summary>
    private async Task KillAsync(ContainerCell cell, Task<RunEnd> exit)
    {
        await SignalAsync(cell.Record, Signals.Kill, CancellationToken.None);
        if (await EndsWithinAsync(exit, KillPatience))
        {
            return;
        }

        Cgroup(cell.Record).Kill();
        if (!await EndsWithinAsync(exit, KillPatience))
        {
            throw new EngineException(ErrorKind.Internal,
                $"cannot stop container: {cell.Record.Name}: tried to kill container, but did not receive an exit event");
        }
    }
}
