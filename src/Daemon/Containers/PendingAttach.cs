namespace Berth.Daemon.Containers;

/// <summary>A client that wants the container's next run from its first byte on; disposed when it is attached or gone.</summary>
internal sealed class PendingAttach(ContainerCell cell) : IDisposable
{
    private readonly TaskCompletionSource<string> _socket = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _settled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The path at which the run's supervisor listens, once there is one; fails when the start does.</summary>
    public Task<string> SupervisorSocket => _socket.Task;

    /// <summary>The client is attached, or has gone.</summary>
    internal Task Settled => _settled.Task;

    internal void Listening(string socketPath) => _socket.TrySetResult(socketPath);

    internal void GiveUp(Exception reason)
    {
        cell.Forget(this);
        _socket.TrySetException(reason);
        _ = _socket.Task.Exception; // observed: the client may have gone without looking
    }

    public void Dispose()
    {
        cell.Forget(this);
        _socket.TrySetCanceled();
        _settled.TrySetResult();
    }
}
