namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Undoes the steps of a change that failed half-way: in reverse, with a deadline of its own, each failure logged.</summary>
internal sealed class Rollback(ILogger log) : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly Stack<(string Step, Func<CancellationToken, Task> Undo)> _steps = new();

    public void Push(string step, Func<CancellationToken, Task> undo) => _steps.Push((step, undo));

    public void Push(string step, Action undo) => Push(step, _ =>
    {
        undo();
        return Task.CompletedTask;
    });

    /// <summary>The change is whole: nothing is undone any more.</summary>
    public void Complete() => _steps.Clear();

    public async ValueTask DisposeAsync()
    {
        if (_steps.Count == 0)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(Deadline);
        while (_steps.TryPop(out var step))
        {
            try
            {
                await step.Undo(deadline.Token);
            }
            catch (Exception error) // whatever it is, the other steps must still be undone
            {
                log.UndoFailed(step.Step, error);
            }
        }
    }
}
