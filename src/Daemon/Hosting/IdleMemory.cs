namespace Berth.Daemon.Hosting;

/// <summary>
/// Gives memory back once the clients have been silent for a while. A pull or a long list takes many times what an idle daemon needs, and without
/// further requests nothing would make the collector look.
/// </summary>
internal sealed class IdleMemory : IDisposable
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(5);

    private readonly ITimer _timer;

    public IdleMemory(TimeProvider clock)
    {
        _timer = clock.CreateTimer(_ => GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true), null, Silence, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Starts the silence anew.</summary>
    public void RequestEnded() => _timer.Change(Silence, Timeout.InfiniteTimeSpan);

    public void Dispose() => _timer.Dispose();
}
