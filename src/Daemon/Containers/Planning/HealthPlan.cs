namespace Berth.Daemon.Containers.Planning;

/// <summary>How a container is asked whether it works.</summary>
internal sealed record HealthPlan
{
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan DefaultStartInterval = TimeSpan.FromSeconds(5);
    public const int DefaultRetries = 3;

    /// <summary>The program that is executed in the container, and its arguments; never empty.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>From one check's end to the next one's start.</summary>
    public TimeSpan Interval { get; init; } = DefaultInterval;

    /// <summary>A check that takes longer is ended, and has failed.</summary>
    public TimeSpan Timeout { get; init; } = DefaultTimeout;

    /// <summary>Failures in a row that make a container unhealthy.</summary>
    public int Retries { get; init; } = DefaultRetries;

    /// <summary>After the container's start; until its first success a failure does not count in it.</summary>
    public TimeSpan StartPeriod { get; init; }

    /// <summary>In the place of <see cref="Interval"/> in the start period, until the first success.</summary>
    public TimeSpan StartInterval { get; init; } = DefaultStartInterval;
}
