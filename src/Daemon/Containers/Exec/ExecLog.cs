namespace Berth.Daemon.Containers.Exec;

internal static partial class ExecLog
{
    [LoggerMessage(1101, LogLevel.Debug, "Exec {ExecId} in container {ContainerId} did not start: {Reason}")]
    public static partial void ExecFailed(this ILogger log, string execId, string containerId, string reason);

    [LoggerMessage(1102, LogLevel.Warning, "The end of the execs of container {ContainerId} could not be saved")]
    public static partial void ExecsNotSaved(this ILogger log, Exception exception, string containerId);
}
