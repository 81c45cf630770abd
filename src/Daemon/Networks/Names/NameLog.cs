namespace Berth.Daemon.Networks.Names;

internal static partial class NameLog
{
    [LoggerMessage(4101, LogLevel.Error, "A socket of the name service failed")]
    public static partial void NameSocketFailed(this ILogger log, Exception error);
}
