namespace Berth.Runtime.Supervisor.Logging;

/// <summary>What becomes of a container's output: files, a receiver, or both.</summary>
internal interface IContainerLog : IDisposable
{
    /// <summary>Rotations of the files since launch.</summary>
    int Generation { get; }

    /// <summary>Bytes of the current file.</summary>
    long Size { get; }

    /// <summary>Lines, or writes of lines, that were lost.</summary>
    long Errors { get; }

    string? LastError { get; }

    /// <summary>The container should write no more for now: the receiver takes its lines, but more slowly than they come.</summary>
    bool HoldsUp { get; }

    /// <summary>Called when <see cref="HoldsUp"/> has changed.</summary>
    Action? PaceChanged { get; set; }

    /// <summary>Lines are still on their way after <see cref="Finish"/>.</summary>
    bool IsBusy { get; }

    /// <summary>What came after the stream's last line feed.</summary>
    ReadOnlySpan<byte> Unfinished(OutputKind kind);

    /// <summary>Logs the lines that end in this output, and keeps the rest for the next.</summary>
    void Write(OutputKind kind, ReadOnlySpan<byte> output, DateTimeOffset now);

    /// <summary>Logs what the stream ended with, if that was no line feed.</summary>
    void End(OutputKind kind, DateTimeOffset now);

    /// <summary>No more will come.</summary>
    void Finish();
}
