using System.Globalization;
using Berth.Daemon.Containers.Health;

namespace Berth.Daemon.Containers;

/// <summary>A container's state and command as the API words them.</summary>
internal static class ContainerText
{
    public const string NoTime = "0001-01-01T00:00:00Z";

    public static string State(ContainerRecord container) => container.IsBeingRemoved ? "removing" : container.State.Word;

    public static string Status(ContainerRecord container, DateTimeOffset now) => container switch
    {
        { IsBeingRemoved: true } => "Removal In Progress",
        { State: ContainerState.Running running } => $"Up {Duration.InWords(now - running.StartedAt)}{Health(container)}",
        { State: ContainerState.Paused paused } => $"Up {Duration.InWords(now - paused.StartedAt)} (Paused)",
        { State: ContainerState.Restarting waiting } => $"Restarting ({waiting.ExitCode}) {Duration.InWords(now - waiting.FinishedAt)} ago",
        { State: ContainerState.Exited exited } => $"Exited ({exited.ExitCode}) {Duration.InWords(now - exited.FinishedAt)} ago",
        _ => "Created",
    };

    private static string Health(ContainerRecord container) => container.Health?.Status switch
    {
        null => "",
        HealthStatus.Starting => " (health: starting)",
        { } status => $" ({HealthState.Word(status)})",
    };

    public static string Command(IReadOnlyList<string> arguments)
        => string.Join(' ', arguments.Select((argument, index) => index > 0 && argument.Contains(' ') ? $"'{argument}'" : argument));

    /// <summary>RFC 3339 with as many digits as there are; the year 1 for never.</summary>
    public static string Time(DateTimeOffset? time)
        => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture) ?? NoTime;
}
