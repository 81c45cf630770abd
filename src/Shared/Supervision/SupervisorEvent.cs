namespace Berth.Shared.Supervision;

/// <summary>What a watched supervisor tells.</summary>
public abstract record SupervisorEvent
{
    /// <summary>How things stand; always the first.</summary>
    public sealed record State(SupervisorState Value) : SupervisorEvent;

    public sealed record ExecExited(ExecExit Value) : SupervisorEvent;

    public sealed record Oom(OomEvent Value) : SupervisorEvent;

    public sealed record LogTrouble(LogNotice Value) : SupervisorEvent;

    /// <summary>The container has ended; always the last.</summary>
    public sealed record Exited(ContainerExit Value) : SupervisorEvent;
}
