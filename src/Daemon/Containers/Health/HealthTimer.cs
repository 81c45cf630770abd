namespace Berth.Daemon.Containers.Health;

internal static class HealthTimer
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(40);

    /// <summary>As long as a timer can wait, at most; users may ask for centuries.</summary>
    public static TimeSpan Within(TimeSpan length) => length < TimeSpan.Zero ? TimeSpan.Zero : length > Longest ? Longest : length;
}
