namespace Berth.Shared.Linux;

/// <summary>One reader's interest in a directory. Look at the files after making the watch, then wait, then look again: nothing is missed.</summary>
public sealed class DirectoryWatch : IDisposable
{
    private readonly SemaphoreSlim changed = new(0, 1);

    internal DirectoryWatch(int number) => Number = number;

    internal int Number { get; }

    /// <summary>Waits until something has changed since the last wait; many changes may be told as one.</summary>
    public Task WaitAsync(CancellationToken ct) => changed.WaitAsync(ct);

    public void Dispose() => DirectoryChanges.Remove(this);

    /// <summary>Called by one thread at a time.</summary>
    internal void Set()
    {
        if (changed.CurrentCount == 0)
        {
            changed.Release();
        }
    }
}
