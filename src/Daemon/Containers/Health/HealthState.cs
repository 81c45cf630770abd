using System.Text.Json.Serialization;
using Berth.Daemon.Containers.Planning;

namespace Berth.Daemon.Containers.Health;

internal enum HealthStatus { Starting, Healthy, Unhealthy }

/// <summary>What the checks of a container have shown; a value that is replaced, never changed.</summary>
/// <param name="FailingStreak">Failures that counted, since the last success or the start.</param>
/// <param name="Log">The last checks, oldest first; those of the run before stay until newer ones take their place.</param>
internal sealed record HealthState(HealthStatus Status, int FailingStreak, IReadOnlyList<HealthResult> Log)
{
    private const int MaxLog = 5;

    /// <summary>A run begins.</summary>
    public static HealthState Begin(HealthState? before) => new(HealthStatus.Starting, 0, before?.Log ?? []);

    /// <summary>A check is over.</summary>
    /// <param name="startedAt">When the container's run began.</param>
    public HealthState After(HealthResult result, HealthPlan plan, DateTimeOffset startedAt)
    {
        var log = Log.Skip(Math.Max(0, Log.Count - MaxLog + 1)).Append(result).ToArray();
        if (result.Succeeded)
        {
            return new HealthState(HealthStatus.Healthy, 0, log);
        }

        if (Status == HealthStatus.Starting && result.Start - startedAt < plan.StartPeriod)
        {
            return this with { Log = log }; // it may still be starting: that is what the period is for
        }

        var streak = FailingStreak + 1;
        return new HealthState(streak >= plan.Retries ? HealthStatus.Unhealthy : Status, streak, log);
    }

    /// <summary>The run is over: what does not run is not healthy, and clients that wait for health must not wait on.</summary>
    public HealthState Ended() => this with { Status = HealthStatus.Unhealthy };

    /// <summary>From the last check's end, or the start, to the next check.</summary>
    public TimeSpan PauseBeforeNext(HealthPlan plan, TimeSpan sinceStart)
        => Status == HealthStatus.Starting && sinceStart < plan.StartPeriod ? plan.StartInterval : plan.Interval;

    /// <summary>Docker's word.</summary>
    public static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Starting => "starting",
        HealthStatus.Healthy => "healthy",
        _ => "unhealthy",
    };
}

/// <param name="ExitCode">-1: the check could not be run, or took too long.</param>
/// <param name="Output">The beginning of what it wrote, or why it could not be run.</param>
internal sealed record HealthResult(DateTimeOffset Start, DateTimeOffset End, int ExitCode, string Output)
{
    public const int NotRun = -1;

    [JsonIgnore]
    public bool Succeeded => ExitCode == 0;
}
