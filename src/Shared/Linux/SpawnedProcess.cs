using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>A child of this process, started by <see cref="Spawn"/>. Someone must await <see cref="WaitAsync"/>, or it stays a zombie when it ends.</summary>
public sealed class SpawnedProcess : IDisposable
{
    private readonly SafeFileHandle pidFd;

    internal SpawnedProcess(int pid, SafeFileHandle pidFd)
    {
        Pid = pid;
        this.pidFd = pidFd;
    }

    public int Pid { get; }

    /// <summary>Readable when the process has ended; owned by this object.</summary>
    public SafeFileHandle PidFd => pidFd;

    /// <returns>False when it has ended.</returns>
    public bool TrySignal(int signal) => Processes.TrySignal(pidFd, signal);

    /// <summary>Waits for the end and reaps; to be called once. No thread is held meanwhile.</summary>
    public Task<ProcessExit> WaitAsync() => ChildReaper.Shared.WaitAsync(this);

    public void Dispose() => pidFd.Dispose();
}
