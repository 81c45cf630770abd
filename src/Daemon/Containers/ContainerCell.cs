namespace Berth.Daemon.Containers;

/// <summary>
/// One container's place in memory: its current record, which anyone reads without a lock, and the turn that must be held to
/// replace it. Whoever waits for the container to do something waits here.
/// </summary>
internal sealed class ContainerCell(ContainerRecord record, ContainerStore store)
{
    private readonly SemaphoreSlim _turns = new(1, 1);
    private readonly Lock _waiting = new();
    private readonly TaskCompletionSource<RunEnd> _removed = NewSource<RunEnd>();
    private readonly List<PendingAttach> _pendingAttaches = [];
    private TaskCompletionSource<RunEnd> _nextExit = NewSource<RunEnd>();
    private volatile ContainerRecord _record = record;
    private volatile bool _gone;

    public string Id { get; } = record.Id;

    public ContainerRecord Record => _record;

    /// <summary>Ends with the run that is on now, or with the next one when none is.</summary>
    public Task<RunEnd> NextExit
    {
        get
        {
            lock (_waiting)
            {
                return _nextExit.Task;
            }
        }
    }

    /// <summary>Ends when the container is gone, with the last run's end.</summary>
    public Task<RunEnd> Removed => _removed.Task;

    /// <summary>Waits for the right to change the container; whoever holds it waits on nothing remote.</summary>
    /// <exception cref="Berth.Shared.Errors.EngineException">NotFound: it was removed meanwhile.</exception>
    public async ValueTask<ContainerTurn> EnterAsync(CancellationToken ct)
    {
        await _turns.WaitAsync(ct);
        if (!_gone)
        {
            return new ContainerTurn(this);
        }

        _turns.Release();
        throw ContainerErrors.NotFound(Id);
    }

    /// <summary>
    /// Asks to be attached to the container's next run from its first byte on. Start tells where the supervisor listens, and
    /// holds the launch back until the attach is made or given up.
    /// </summary>
    public PendingAttach AttachToNextRun()
    {
        var pending = new PendingAttach(this);
        lock (_waiting)
        {
            _pendingAttaches.Add(pending);
        }

        return pending;
    }

    internal PendingAttach[] PendingAttaches()
    {
        lock (_waiting)
        {
            return [.. _pendingAttaches];
        }
    }

    internal void Forget(PendingAttach pending)
    {
        lock (_waiting)
        {
            _pendingAttaches.Remove(pending);
        }
    }

    /// <summary>The container's current run is over (or could not begin): wakes those who wait for it.</summary>
    internal void AnnounceExit(RunEnd end)
    {
        TaskCompletionSource<RunEnd> waiters;
        lock (_waiting)
        {
            waiters = _nextExit;
            _nextExit = NewSource<RunEnd>();
        }

        waiters.SetResult(end);
    }

    /// <summary>The container is gone for good.</summary>
    internal void AnnounceRemoval(RunEnd end)
    {
        _gone = true;
        AnnounceExit(end);
        _removed.TrySetResult(end);
        foreach (var pending in PendingAttaches())
        {
            pending.GiveUp(ContainerErrors.NotFound(Id));
        }
    }

    internal void Save(ContainerRecord next)
    {
        if (ReferenceEquals(next, _record))
        {
            return;
        }

        store.Update(next);
        _record = next;
    }

    internal void SaveConfiguration(ContainerRecord next)
    {
        store.UpdateConfiguration(next);
        _record = next;
    }

    internal void Leave() => _turns.Release();

    private static TaskCompletionSource<T> NewSource<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>How a run ended, for those who waited for it.</summary>
/// <param name="Error">Why, beyond the exit code; null when there is nothing to say.</param>
internal sealed record RunEnd(int ExitCode, string? Error);
