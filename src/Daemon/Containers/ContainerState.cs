using System.Text.Json.Serialization;

namespace Berth.Daemon.Containers;

/// <summary>What a container is doing; exactly one of these at a time. The API's booleans are computed from it.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(Created), "created")]
[JsonDerivedType(typeof(Running), "running")]
[JsonDerivedType(typeof(Paused), "paused")]
[JsonDerivedType(typeof(Restarting), "restarting")]
[JsonDerivedType(typeof(Exited), "exited")]
internal abstract record ContainerState
{
    /// <summary>Never ran.</summary>
    /// <param name="ExitCode">0, or what the last failed start left (126, 127, 128).</param>
    /// <param name="Error">Why the last start failed; null when none did.</param>
    internal sealed record Created(int ExitCode = 0, string? Error = null) : ContainerState;

    internal sealed record Running(int Pid, int SupervisorPid, DateTimeOffset StartedAt) : ContainerState;

    internal sealed record Paused(int Pid, int SupervisorPid, DateTimeOffset StartedAt) : ContainerState;

    /// <summary>Exited, and the restart policy will start it again after a pause.</summary>
    internal sealed record Restarting(int ExitCode, DateTimeOffset StartedAt, DateTimeOffset FinishedAt, bool OomKilled) : ContainerState;

    /// <param name="Error">Why it ended or could not start, beyond its exit code; null when there is nothing to say.</param>
    internal sealed record Exited(int ExitCode, DateTimeOffset StartedAt, DateTimeOffset FinishedAt, bool OomKilled, string? Error) : ContainerState;

    /// <summary>The host's pid of the first process while there is one; null otherwise.</summary>
    [JsonIgnore]
    public int? LivePid => this switch
    {
        Running running => running.Pid,
        Paused paused => paused.Pid,
        _ => null,
    };

    /// <summary>Docker's word for the state.</summary>
    [JsonIgnore]
    public string Word => this switch
    {
        Created => "created",
        Running => "running",
        Paused => "paused",
        Restarting => "restarting",
        _ => "exited",
    };
}
