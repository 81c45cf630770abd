namespace Berth.Daemon.Containers.Exec;

/// <summary>One exec's place in memory.</summary>
internal sealed class ExecCell(ExecRecord record, ExecStore store)
{
    private readonly Lock changing = new();
    private readonly TaskCompletionSource exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile ExecRecord record = record;

    public ExecRecord Record => record;

    /// <summary>Completed once the record says that it has exited.</summary>
    public Task Exited => exited.Task;

    /// <summary>Replaces the record by what <paramref name="next"/> makes of it, on disk first.</summary>
    /// <returns>False when it makes the same.</returns>
    public bool Change(Func<ExecRecord, ExecRecord> next)
    {
        lock (changing)
        {
            var changed = next(record);
            if (ReferenceEquals(changed, record))
            {
                return false;
            }

            store.Save(changed);
            record = changed;
        }

        if (record.State is ExecState.Exited)
        {
            exited.TrySetResult();
        }

        return true;
    }
}
