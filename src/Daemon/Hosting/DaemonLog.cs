namespace Berth.Daemon.Hosting;

internal static partial class DaemonLog
{
    [LoggerMessage(1, LogLevel.Information, "Serving the API on {Address}")]
    public static partial void Listening(this ILogger log, HostAddress address);

    [LoggerMessage(2, LogLevel.Warning, "Serving the API on {Address} WITHOUT AUTHENTICATION: whoever can connect is root on this host")]
    public static partial void ListeningToAnybody(this ILogger log, HostAddress address);

    [LoggerMessage(3, LogLevel.Information, "Berth {Version} is ready after {Milliseconds} ms")]
    public static partial void Ready(this ILogger log, string version, long milliseconds);

    [LoggerMessage(4, LogLevel.Information, "Stopping; containers go on")]
    public static partial void Stopping(this ILogger log);

    [LoggerMessage(5, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(this ILogger log, Exception exception, string method, string path);

    [LoggerMessage(6, LogLevel.Debug, "{Method} {Path}: {StatusCode} {Reason}")]
    public static partial void RequestRefused(this ILogger log, string method, string path, int statusCode, string reason);

    [LoggerMessage(7, LogLevel.Debug, "{Method} {Path}: the client has gone")]
    public static partial void ClientGone(this ILogger log, string method, string path);

    [LoggerMessage(9, LogLevel.Information, "Configuration reloaded")]
    public static partial void Reloaded(this ILogger log);

    [LoggerMessage(10, LogLevel.Error, "Configuration not reloaded, nothing was changed: {Reason}")]
    public static partial void NotReloaded(this ILogger log, string reason);

    [LoggerMessage(11, LogLevel.Warning, "\"{Key}\" has changed in the configuration file, and takes effect at the daemon's next start")]
    public static partial void NeedsRestart(this ILogger log, string key);

    [LoggerMessage(8, LogLevel.Warning, "{Method} {Path} failed after its reply had begun")]
    public static partial void RequestFailedLate(this ILogger log, Exception exception, string method, string path);
}
