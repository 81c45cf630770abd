using System.Globalization;
using Berth.Shared.Errors;

namespace Berth.Daemon.Hosting;

/// <summary>Points in time in query parameters: Unix seconds with up to nine digits after a point, or RFC 3339.</summary>
internal static class ApiTime
{
    /// <returns>Nanoseconds since 1970; null when the parameter is absent, empty or "0", which stand for no limit.</returns>
    /// <exception cref="EngineException">InvalidArgument: neither form.</exception>
    public static long? ParseNanoseconds(IQueryCollection query, string name)
    {
        var text = query.GetText(name);
        if (text is null or "0")
        {
            return null;
        }

        return TryParse(text, out var nanoseconds)
            ? nanoseconds
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid value for {name}: \"{text}\" is neither Unix seconds nor an RFC 3339 time");
    }

    public static long UnixNanoseconds(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) * 100;

    internal static bool TryParse(string text, out long nanoseconds)
    {
        if (TryParseUnix(text, out nanoseconds))
        {
            return true;
        }

        // Ticks are 100 ns; RFC 3339 text with nine digits loses the last two, which no client can tell.
        if (!text.Contains('T', StringComparison.OrdinalIgnoreCase)
            || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return false;
        }

        nanoseconds = UnixNanoseconds(time);
        return true;
    }

    private static bool TryParseUnix(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? text : text[..point];
        var fraction = point < 0 ? "" : text[(point + 1)..];
        if (!long.TryParse(whole, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            || fraction.Length > 9 || fraction.AsSpan().ContainsAnyExceptInRange('0', '9')
            || Math.Abs((decimal)seconds) > long.MaxValue / 1_000_000_000)
        {
            return false;
        }

        var nanos = fraction.Length == 0 ? 0 : long.Parse(fraction.PadRight(9, '0'), CultureInfo.InvariantCulture);
        nanoseconds = (seconds * 1_000_000_000) + (whole.StartsWith('-') ? -nanos : nanos);
        return true;
    }
}
