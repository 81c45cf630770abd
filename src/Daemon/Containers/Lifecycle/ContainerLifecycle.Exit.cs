using System.Globalization;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

internal sealed partial class ContainerLifecycle
{
    /// <summary>Records the end of a run, tells those who wait, and applies the restart policy.</summary>
    public async Task OnRunEndedAsync(ContainerCell cell, RunOutcome outcome)
    {
        var exit = outcome.Exit;
        using var turn = await cell.EnterAsync(CancellationToken.None);
        if (turn.Record.SupervisorPid != outcome.SupervisorPid || turn.Record.StartedAt is not { } startedAt)
        {
            return; // told already
        }

        health.Leave(cell.Id);
        var ranFor = exit.FinishedAt - startedAt;
        var record = turn.Record.Exited(exit.ExitCode, exit.FinishedAt, exit.OomKilled, Reason(exit));
        var restart = !record.Plan.AutoRemove && RestartDecision.AfterExit(record.Plan.Restart, exit.ExitCode, record.StoppedByUser, record.RestartCount);
        turn.Save(restart ? record.ToRestart() : record.Plan.AutoRemove ? record with { Intent = ContainerIntent.Remove } : record);

        events.Publish("die", record,
            ("exitCode", exit.ExitCode.ToString(CultureInfo.InvariantCulture)),
            ("execDuration", ((long)ranFor.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        log.ContainerExited(cell.Id, exit.ExitCode);
        if (!record.Plan.AutoRemove)
        {
            cell.AnnounceExit(new RunEnd(exit.ExitCode, record.State is ContainerState.Exited { Error: { } error } ? error : null));
        }

        if (outcome.Abandoned)
        {
            EndRemains(record);
        }

        await CleanUpAfterRunAsync(cell.Id);
        if (record.Plan.AutoRemove)
        {
            removal.Remove(turn, removeVolumes: true);
        }
        else if (restart)
        {
            ScheduleRestart(cell, restarts.NextPause(cell.Id, ranFor));
        }
        else
        {
            restarts.Forget(cell.Id);
        }
    }

    /// <summary>Ends what a run may have left when its supervisor did not: the supervisor itself, the processes, the cgroup.</summary>
    public void EndRemains(ContainerRecord record)
    {
        SupervisorPidFile.Kill(paths.SupervisorPid(record.Id));
        var cgroup = Cgroup(record);
        if (cgroup.Exists)
        {
            log.LeftoverRemoved($"cgroup {cgroup.Path}");
            cgroup.Kill();
            cgroup.Destroy(KillPatience);
        }
    }

    /// <summary>Takes away what a run needs and a container at rest does not; does no harm twice.</summary>
    public async Task CleanUpAfterRunAsync(string id)
    {
        volumes.Release(id);
        await networks.ReleaseAsync(id);
        if (Directory.Exists(paths.Run(id)))
        {
            Directory.Delete(paths.Run(id), recursive: true);
        }

        File.Delete(paths.Exit(id));
    }

    public void ScheduleRestart(ContainerCell cell, TimeSpan pause)
    {
        log.ContainerRestarts(cell.Id, pause, cell.Record.RestartCount);
        restarts.After(cell.Id, pause, ct => RestartByPolicyAsync(cell, ct));
    }

    private async Task RestartByPolicyAsync(ContainerCell cell, CancellationToken ct)
    {
        try
        {
            using var turn = await cell.EnterAsync(ct);
            if (turn.Record is not { State: ContainerState.Restarting waiting } record)
            {
                return;
            }

            // The policy may have been changed while it waited.
            if (RestartDecision.AfterExit(record.Plan.Restart, waiting.ExitCode, stoppedByUser: false, record.RestartCount - 1))
            {
                await StartAsync(turn, record, ct);
                return;
            }

            restarts.Forget(cell.Id);
            turn.Save(record.RestartCalledOff(byUser: false));
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            log.RestartFailed(cell.Id, error); // it rests with the reason in its record, for the user to see
        }
    }

    private static string? Reason(ContainerExit exit) => exit switch
    {
        { Error: { Length: > 0 } error } => error,
        { OomKilled: true, OomVictim: { Length: > 0 } victim } => $"killed for want of memory: {victim}",
        _ => null,
    };
}
