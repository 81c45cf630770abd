namespace Berth.Daemon.Containers.Cdi;

internal static partial class CdiLog
{
    [LoggerMessage(1060, LogLevel.Warning, "CDI specification skipped: {Reason}")]
    public static partial void CdiFileSkipped(this ILogger log, string reason);

    [LoggerMessage(1061, LogLevel.Warning, "CDI device {Device} is in two files of {Directory}, so neither counts")]
    public static partial void CdiDeviceTwice(this ILogger log, string device, string directory);
}
