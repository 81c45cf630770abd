namespace Berth.Daemon.Events;

/// <summary>
/// Saves events a batch at a time, behind whoever publishes them. What happened in the last moments before a kill may be missing from the
/// history; the objects themselves are saved before their event is published, so nothing else is.
/// </summary>
internal sealed class EventWriter(EventService events, EventStore store, TimeProvider clock, ILogger<EventWriter> log) : BackgroundService
{
    private const int BatchesPerTrim = 500;
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(200);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        for (var batches = 0; await WaitAsync(stoppingToken); batches++)
        {
            Save(trim: batches % BatchesPerTrim == 0);
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Save(trim: false);
    }

    private async Task<bool> WaitAsync(CancellationToken ct)
    {
        try
        {
            await events.Unsaved.WaitToReadAsync(ct);
            await Task.Delay(Gather, clock, ct);
            return true;
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Save(bool trim)
    {
        var batch = new List<EngineEvent>();
        while (events.Unsaved.TryRead(out var happened))
        {
            batch.Add(happened);
        }

        try
        {
            if (batch.Count > 0)
            {
                store.Add(batch);
            }

            if (trim)
            {
                store.Trim();
            }
        }
        catch (Shared.Errors.EngineException e)
        {
            // A full disk must not end the engine for the sake of its history.
            log.EventsNotSaved(e, batch.Count);
        }
    }
}
