using System.Buffers;
using System.Globalization;

namespace Berth.Daemon.Images;

/// <summary>Durations as Go writes them: "1h30m", "1.5h", "300ms".</summary>
internal static class GoDuration
{
    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    /// <summary>As Go prints a duration, but for parts of a microsecond: "1m30s", "1.5s", "250ms".</summary>
    public static string Format(TimeSpan duration)
    {
        var culture = CultureInfo.InvariantCulture;
        if (duration < TimeSpan.Zero)
        {
            return "-" + Format(-duration);
        }

        if (duration < TimeSpan.FromSeconds(1))
        {
            return duration == TimeSpan.Zero ? "0s"
                : duration < TimeSpan.FromMilliseconds(1) ? string.Create(culture, $"{duration.TotalMicroseconds:0.###}µs")
                : string.Create(culture, $"{duration.TotalMilliseconds:0.######}ms");
        }

        var seconds = (decimal)duration.Ticks % TimeSpan.TicksPerMinute / TimeSpan.TicksPerSecond;
        var (hours, minutes) = (duration.Ticks / TimeSpan.TicksPerHour, duration.Minutes);
        return hours > 0 ? string.Create(culture, $"{hours}h{minutes}m{seconds:0.#######}s")
            : minutes > 0 ? string.Create(culture, $"{minutes}m{seconds:0.#######}s")
            : string.Create(culture, $"{seconds:0.#######}s");
    }

    public static bool TryParse(ReadOnlySpan<char> text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text.IsEmpty)
        {
            return false;
        }

        while (!text.IsEmpty)
        {
            var end = text.IndexOfAnyExcept(NumberCharacters);
            if (end <= 0 || !double.TryParse(text[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            text = text[end..];
            var unitEnd = text.IndexOfAny(NumberCharacters);
            var unit = unitEnd < 0 ? text : text[..unitEnd];
            var seconds = unit switch
            {
                "h" => 3600,
                "m" => 60,
                "s" => 1,
                "ms" => 1e-3,
                "us" or "µs" => 1e-6,
                "ns" => 1e-9,
                _ => 0,
            };
            if (seconds == 0 || number * seconds > TimeSpan.MaxValue.TotalSeconds / 2)
            {
                return false;
            }

            duration += TimeSpan.FromSeconds(number * seconds);
            text = unitEnd < 0 ? [] : text[unitEnd..];
        }

        return true;
    }
}
