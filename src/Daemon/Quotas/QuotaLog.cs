namespace Berth.Daemon.Quotas;

/// <summary>Log messages 5100 to 5109.</summary>
internal static partial class QuotaLog
{
    [LoggerMessage(5100, LogLevel.Warning, "The limit of project {Project}, which was {Owner}'s, can't be lifted; the id is not used again")]
    public static partial void NotLifted(this ILogger log, uint project, string owner, Exception error);
}
