namespace Berth.Daemon.Volumes;

/// <summary>Log messages 5000 to 5099.</summary>
internal static partial class VolumeLog
{
    [LoggerMessage(5000, LogLevel.Information, "Volume {Name} created")]
    public static partial void VolumeCreated(this ILogger log, string name);

    [LoggerMessage(5001, LogLevel.Information, "Volume {Name} removed")]
    public static partial void VolumeRemoved(this ILogger log, string name);

    [LoggerMessage(5002, LogLevel.Information, "Volume {Name} was found on disk without a record and is taken over")]
    public static partial void VolumeAdopted(this ILogger log, string name);

    [LoggerMessage(5003, LogLevel.Warning, "Volume {Name}: the daemon died in the middle of filling it; it is empty again")]
    public static partial void FillingUndone(this ILogger log, string name);

    [LoggerMessage(5004, LogLevel.Information, "Volume {Name} was left mounted without a container that runs, and is unmounted")]
    public static partial void LeftMounted(this ILogger log, string name);

    [LoggerMessage(5005, LogLevel.Warning, "Volume {Name} can't be unmounted; the next start tries again")]
    public static partial void NotUnmounted(this ILogger log, string name, Exception error);

    [LoggerMessage(5006, LogLevel.Warning, "Volume {Name} stays: it can't be removed with its container")]
    public static partial void NotRemoved(this ILogger log, string name, Exception error);

    [LoggerMessage(5007, LogLevel.Error, "Volume {Name} can't be recovered")]
    public static partial void NotRecovered(this ILogger log, string name, Exception error);
}
