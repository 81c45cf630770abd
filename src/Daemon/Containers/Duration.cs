namespace Berth.Daemon.Containers;

/// <summary>Lengths of time in Docker's words, which people and scripts read in the list of containers.</summary>
internal static class Duration
{
    public static string InWords(TimeSpan length)
    {
        var (seconds, minutes, hours) = ((long)length.TotalSeconds, (long)length.TotalMinutes, (long)Math.Round(length.TotalHours, MidpointRounding.AwayFromZero));
        return (seconds, minutes, hours) switch
        {
            ( < 1, _, _) => "Less than a second",
            (1, _, _) => "1 second",
            ( < 60, _, _) => $"{seconds} seconds",
            (_, 1, _) => "About a minute",
            (_, < 60, _) => $"{minutes} minutes",
            (_, _, 1) => "About an hour",
            (_, _, < 48) => $"{hours} hours",
            (_, _, < 24 * 7 * 2) => $"{hours / 24} days",
            (_, _, < 24 * 30 * 2) => $"{hours / 24 / 7} weeks",
            (_, _, < 24 * 365 * 2) => $"{hours / 24 / 30} months",
            _ => $"{(long)length.TotalHours / 24 / 365} years",
        };
    }
}
