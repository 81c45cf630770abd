using System.IO.Pipelines;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Hosting;
using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Logs;

/// <summary>Reads what containers have written.</summary>
internal sealed class LogService(ContainerPaths paths, TimeProvider clock)
{
    /// <summary>Writes the wanted part of a container's log, and with <paramref name="follow"/> goes on until its run is over.</summary>
    /// <param name="begun">Called once the log is known to be readable and before anything is written.</param>
    /// <exception cref="Shared.Errors.EngineException">NotImplemented: this container's output is not kept.</exception>
    public async Task CopyAsync(ContainerCell container, LogQuery query, bool follow, PipeWriter output, Func<Task> begun, CancellationToken ct)
    {
        RequireReadable(container.Record.Plan.Log);

        // Before the first look at the files, so that no change falls between.
        using var changes = follow ? DirectoryChanges.Watch(paths.Directory(container.Id)) : null;
        using var reader = new LogFileReader(query, output);
        await begun();
        using var cursor = new LogCursor(paths.Log(container.Id), query, reader);
        await cursor.CopyAsync(ct);
        await output.FlushAsync(ct);
        if (changes is not null)
        {
            await FollowAsync(container, query, cursor, reader, changes, output, ct);
        }
    }

    /// <summary>Writes the log up to the place where a live stream of the same output began.</summary>
    /// <param name="set">The files at that moment.</param>
    /// <param name="end">Offset in the last of them.</param>
    public static async Task ReplayAsync(LogFileSet set, long end, LogQuery query, PipeWriter output, CancellationToken ct)
    {
        using var reader = new LogFileReader(query, output);
        for (var i = 0; i < set.Files.Count; i++)
        {
            await reader.CopyAsync(set.Files[i], 0, i == set.Files.Count - 1 ? end : long.MaxValue, ct);
        }

        await output.FlushAsync(ct);
    }

    /// <exception cref="Shared.Errors.EngineException">NotImplemented: this container's output is not kept.</exception>
    public static void RequireReadable(LogPlan log)
    {
        if (!log.IsReadable)
        {
            throw LogErrors.NotKept();
        }
    }

    private async Task FollowAsync(
        ContainerCell container, LogQuery query, LogCursor cursor, LogFileReader reader, DirectoryWatch changes, PipeWriter output, CancellationToken ct)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(ct);
        using var timer = query.UntilNano is { } until ? EndAt(until, ended) : null;
        var change = changes.WaitAsync(ended.Token);
        try
        {
            while (!reader.IsPastUntil && !ended.IsCancellationRequested)
            {
                // In this order: the run that is on when we look is the one whose end we wait for.
                var exit = container.NextExit;
                var over = IsOver(container);
                await cursor.CopyAsync(ct);
                await output.FlushAsync(ct);
                if (over)
                {
                    return;
                }

                if (await Task.WhenAny(change, exit) == change)
                {
                    await change;
                    change = changes.WaitAsync(ended.Token);
                }
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested && !ct.IsCancellationRequested)
        {
            // The time that the client asked for is over.
        }
        finally
        {
            await ended.CancelAsync();
            await change.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>A container between two runs of its restart policy is not over: its log goes on.</summary>
    private static bool IsOver(ContainerCell container)
        => container.Removed.IsCompleted || container.Record.State is ContainerState.Created or ContainerState.Exited;

    private ITimer EndAt(long untilNano, CancellationTokenSource end)
    {
        var left = (untilNano - ApiTime.UnixNanoseconds(clock.GetUtcNow())) / 1_000_000;
        return clock.CreateTimer(
            static end => ((CancellationTokenSource)end!).Cancel(), end, TimeSpan.FromMilliseconds(Math.Clamp(left, 0, int.MaxValue)), Timeout.InfiniteTimeSpan);
    }
}
