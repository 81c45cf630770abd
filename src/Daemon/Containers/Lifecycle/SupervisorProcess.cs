using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>A supervisor that was started and waits to be told what to launch; it ends when its first connection closes before that.</summary>
internal sealed class SupervisorProcess(SpawnedProcess process, SupervisorConnection control) : IDisposable
{
    public int Pid => process.Pid;

    /// <summary>The first connection: for Listen and Launch, and afterwards for its events.</summary>
    public SupervisorConnection Control => control;

    /// <summary>Ends when the process has, reaped.</summary>
    public Task Exit { get; } = process.WaitAsync();

    public bool HasEnded => Exit.IsCompleted;

    /// <summary>Closes the first connection and lets go; the process itself is reaped whenever it ends.</summary>
    public void Dispose()
    {
        control.Dispose();
        _ = Exit.ContinueWith(static (exit, state) =>
        {
            _ = exit.Exception;
            ((SpawnedProcess)state!).Dispose();
        }, process, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
