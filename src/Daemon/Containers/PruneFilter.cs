using System.Buffers;
using System.Globalization;
using Berth.Daemon.Hosting;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers;

/// <summary>The "until" filter of prune requests: a point in time, or how long ago it was, as Go writes durations.</summary>
internal static class PruneFilter
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    /// <exception cref="EngineException">InvalidArgument: neither, or more than one.</exception>
    public static DateTimeOffset? Until(Filters filters, TimeProvider clock) => filters.Get("until") switch
    {
        [] => null,
        [var text] => Parse(text, clock.GetUtcNow()),
        _ => throw new EngineException(ErrorKind.InvalidArgument, "more than one until filter specified"),
    };

    internal static DateTimeOffset Parse(string text, DateTimeOffset now)
    {
        if (TryParseDuration(text, out var ago))
        {
            return now - ago;
        }

        return ApiTime.TryParse(text, out var nanoseconds)
            ? DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100)
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter 'until={text}': it is a time, or a duration such as 24h or 1h30m");
    }

    private static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAnyInRange('0', '9');
            var unit = letters < 0 ? rest : rest[..letters];
            double? seconds = unit switch
            {
                "h" => 3600,
                "m" => 60,
                "s" => 1,
                "ms" => 0.001,
                "us" or "µs" => 0.000001,
                "ns" => 0.000000001,
                _ => null,
            };
            if (seconds is null)
            {
                return false;
            }

            duration += TimeSpan.FromSeconds(number * seconds.Value);
            rest = letters < 0 ? [] : rest[letters..];
        }

        return text.Length > 0;
    }
}
