namespace Berth.Daemon.Containers.Health;

/// <summary>Log messages 1200 to 1219.</summary>
internal static partial class HealthLog
{
    [LoggerMessage(1200, LogLevel.Information, "Container {ContainerId} is {Status}")]
    public static partial void HealthChanged(this ILogger log, string containerId, string status);

    [LoggerMessage(1201, LogLevel.Warning, "Container {ContainerId}: a health check that should end can't be told so: {Reason}")]
    public static partial void CheckNotEnded(this ILogger log, string containerId, string reason);

    [LoggerMessage(1202, LogLevel.Error, "Container {ContainerId}: its health can't be checked; tried again after the interval")]
    public static partial void CheckFailed(this ILogger log, string containerId, Exception error);
}
