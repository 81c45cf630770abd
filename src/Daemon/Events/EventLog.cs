namespace Berth.Daemon.Events;

internal static partial class EventLog
{
    [LoggerMessage(2001, LogLevel.Warning, "{Count} events could not be saved and will be missing from the history")]
    public static partial void EventsNotSaved(this ILogger log, Exception exception, int count);
}
