using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Launch;

/// <summary>A process that was made, with our ends of its streams; disposing closes them and leaves the process alone.</summary>
internal class LaunchedProcess : IDisposable
{
    /// <summary>As this process's pid namespace counts.</summary>
    public required int Pid { get; init; }

    /// <summary>Becomes readable when the process ends; waitid(P_PIDFD) reaps by it.</summary>
    public required SafeFileHandle PidFd { get; init; }

    /// <summary>Our end of a stream made as <see cref="StreamSource.Pipe"/>: non-blocking, close-on-exec; else null.</summary>
    public SafeFileHandle? Stdin { get; init; }

    /// <inheritdoc cref="Stdin"/>
    public SafeFileHandle? Stdout { get; init; }

    /// <inheritdoc cref="Stdin"/>
    public SafeFileHandle? Stderr { get; init; }

    /// <summary>The master side of the terminal, non-blocking, when process.terminal was set; the three streams are null then.</summary>
    public SafeFileHandle? TerminalMaster { get; init; }

    /// <summary>What was asked for and could not be had, one sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public virtual void Dispose()
    {
        PidFd.Dispose();
        Stdin?.Dispose();
        Stdout?.Dispose();
        Stderr?.Dispose();
        TerminalMaster?.Dispose();
        GC.SuppressFinalize(this);
    }
}
