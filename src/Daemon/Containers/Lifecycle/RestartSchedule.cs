using System.Collections.Concurrent;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Restarts that wait for their time; a user's word calls one off.</summary>
internal sealed class RestartSchedule(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Pending> _pending = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, TimeSpan> _pauses = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>How long to wait before the restart after a run of this length.</summary>
    public TimeSpan NextPause(string id, TimeSpan ranFor)
        => _pauses.AddOrUpdate(id, _ => RestartDecision.Pause(TimeSpan.Zero, ranFor), (_, last) => RestartDecision.Pause(last, ranFor));

    /// <summary>The user took over: the next pause is the first again.</summary>
    public void Forget(string id)
    {
        _pauses.TryRemove(id, out _);
        CallOff(id);
    }

    public void CallOff(string id)
    {
        if (_pending.TryRemove(id, out var pending))
        {
            pending.Cancellation.Cancel();
            pending.Cancellation.Dispose(); // who removes a pending restart from the table disposes of it
        }
    }

    public void After(string id, TimeSpan pause, Func<CancellationToken, Task> restart)
    {
        CallOff(id);
        var cancellation = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        var pending = new Pending(cancellation);
        _pending[id] = pending;
        pending.Work = RunAsync(id, pending, pause, restart, cancellation.Token);
    }

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_pending.Values.Select(pending => pending.Work));
    }

    private async Task RunAsync(string id, Pending pending, TimeSpan pause, Func<CancellationToken, Task> restart, CancellationToken ct)
    {
        try
        {
            await Task.Delay(pause, clock, ct);
            await restart(ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Called off, or the daemon stops: what is to be restarted then is decided at its next start.
        }
        finally
        {
            if (_pending.TryRemove(KeyValuePair.Create(id, pending)))
            {
                pending.Cancellation.Dispose();
            }
        }
    }

    private sealed class Pending(CancellationTokenSource cancellation)
    {
        public CancellationTokenSource Cancellation { get; } = cancellation;

        public Task Work { get; set; } = Task.CompletedTask;
    }
}
