namespace Berth.Daemon.Images;

/// <summary>
/// What must not be collected now although no image names it yet: the layers and blobs of pulls and loads under way, and images about to be used.
/// Lives in memory, since a daemon's death ends every holder too.
/// </summary>
/// <remarks>
/// <see cref="Gate"/> orders finding against collecting: who takes something into use looks it up and holds it inside the gate, and the collector
/// decides and renames away inside it as well. Nothing slower than a small transaction or a rename runs there.
/// </remarks>
internal sealed class ContentHolds
{
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    public Lock Gate { get; } = new();

    /// <param name="key">An image id, a chain id or a blob's digest; their texts can't meet by accident.</param>
    public Hold Take(string key)
    {
        lock (Gate)
        {
            _counts[key] = _counts.GetValueOrDefault(key) + 1;
        }

        return new Hold(this, key);
    }

    public bool IsHeld(string key)
    {
        lock (Gate)
        {
            return _counts.ContainsKey(key);
        }
    }

    private void Release(string key)
    {
        lock (Gate)
        {
            if (--_counts[key] == 0)
            {
                _counts.Remove(key);
            }
        }
    }

    /// <summary>Held until disposed; a second disposal does nothing.</summary>
    internal sealed class Hold(ContentHolds holds, string key) : IDisposable
    {
        private int _released;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                holds.Release(key);
            }
        }
    }
}

/// <summary>Several holds that end together.</summary>
internal sealed class HoldSet(ContentHolds holds) : IDisposable
{
    private readonly List<ContentHolds.Hold> _held = [];

    public void Add(string key)
    {
        var hold = holds.Take(key);
        lock (_held)
        {
            _held.Add(hold);
        }
    }

    public void Dispose()
    {
        lock (_held)
        {
            _held.ForEach(hold => hold.Dispose());
            _held.Clear();
        }
    }
}
