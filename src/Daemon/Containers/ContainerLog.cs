namespace Berth.Daemon.Containers;

/// <summary>Log messages 1000 to 1099.</summary>
internal static partial class ContainerLog
{
    [LoggerMessage(1000, LogLevel.Information, "Container {ContainerId} created from {Image}")]
    public static partial void ContainerCreated(this ILogger log, string containerId, string image);

    [LoggerMessage(1001, LogLevel.Information, "Container {ContainerId} started, pid {Pid}")]
    public static partial void ContainerStarted(this ILogger log, string containerId, int pid);

    [LoggerMessage(1002, LogLevel.Information, "Container {ContainerId} exited with {ExitCode}")]
    public static partial void ContainerExited(this ILogger log, string containerId, int exitCode);

    [LoggerMessage(1003, LogLevel.Information, "Container {ContainerId} removed")]
    public static partial void ContainerRemoved(this ILogger log, string containerId);

    [LoggerMessage(1004, LogLevel.Information, "Container {ContainerId} goes on, pid {Pid}: its supervisor was found again")]
    public static partial void ContainerAdopted(this ILogger log, string containerId, int pid);

    [LoggerMessage(1005, LogLevel.Information, "Container {ContainerId} is restarted in {Delay} by its policy, restart {Count}")]
    public static partial void ContainerRestarts(this ILogger log, string containerId, TimeSpan delay, int count);

    [LoggerMessage(1006, LogLevel.Warning, "Container {ContainerId} was killed for want of memory: {Victim}")]
    public static partial void ContainerOutOfMemory(this ILogger log, string containerId, string victim);

    [LoggerMessage(1010, LogLevel.Warning, "Container {ContainerId}: {Warning}")]
    public static partial void ContainerWarning(this ILogger log, string containerId, string warning);

    [LoggerMessage(1011, LogLevel.Warning, "Undo after a failure: \"{Step}\" failed")]
    public static partial void UndoFailed(this ILogger log, string step, Exception error);

    [LoggerMessage(1012, LogLevel.Warning, "Container {ContainerId}: {Count} writes of its log failed, the last one: {Error}")]
    public static partial void LogWritesFailed(this ILogger log, string containerId, long count, string? error);

    [LoggerMessage(1019, LogLevel.Warning, "Log of container {ContainerId}: {Message}")]
    public static partial void LogTrouble(this ILogger log, string containerId, string message);

    [LoggerMessage(1013, LogLevel.Error, "Container {ContainerId} can't be restarted by its policy")]
    public static partial void RestartFailed(this ILogger log, string containerId, Exception error);

    [LoggerMessage(1014, LogLevel.Error, "Container {ContainerId}: the end of its run can't be recorded")]
    public static partial void ExitNotRecorded(this ILogger log, string containerId, Exception error);

    [LoggerMessage(1015, LogLevel.Error, "Container {ContainerId} can't be recovered")]
    public static partial void RecoveryFailed(this ILogger log, string containerId, Exception error);

    [LoggerMessage(1016, LogLevel.Warning, "Left over from before and removed: {What}")]
    public static partial void LeftoverRemoved(this ILogger log, string what);

    [LoggerMessage(1017, LogLevel.Warning, "{Path} can't be deleted; the next start tries again")]
    public static partial void DeleteFailed(this ILogger log, string path, Exception error);

    [LoggerMessage(1018, LogLevel.Error, "Container {ContainerId} can't be removed after its exit")]
    public static partial void AutoRemoveFailed(this ILogger log, string containerId, Exception error);

    [LoggerMessage(1080, LogLevel.Error, "Container {ContainerId}: its name service or /etc files don't follow its networks: {Reason}")]
    public static partial void NamesNotUpdated(this ILogger log, string containerId, string reason);
}
