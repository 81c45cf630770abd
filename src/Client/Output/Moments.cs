using System.Globalization;
using Berth.Client.CommandLine;

namespace Berth.Client.Output;

/// <summary>Points in time: as users give them, as the API wants them, and as lists show them.</summary>
internal static class Moments
{
    private static readonly string[] LocalForms =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", "yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH", "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd HH:mm",
    ];

    /// <summary>Turns <c>10m</c>, <c>2026-01-02T13:00:00Z</c>, <c>2026-01-02</c> or <c>1700000000.5</c> into seconds since 1970.</summary>
    /// <exception cref="CommandFailedException">Not a point in time.</exception>
    public static string? ToApi(string? text, DateTimeOffset now)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (Quantities.TryParseDuration(text) is { } age && text != "0")
        {
            return Seconds(now - age);
        }

        if (decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _))
        {
            return text;
        }

        if (text.Contains('T', StringComparison.Ordinal) && (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > 10)
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var exact))
        {
            return Seconds(exact);
        }

        // A time without a zone is the user's own.
        return DateTime.TryParseExact(text, LocalForms, CultureInfo.InvariantCulture, DateTimeStyles.AssumeLocal, out var local)
            ? Seconds(new DateTimeOffset(local))
            : throw new CommandFailedException($"invalid value for time: \"{text}\": write an age such as 10m, or a time such as 2026-01-02T13:00:00Z");
    }

    public static string Seconds(DateTimeOffset moment)
    {
        var ticks = moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        return string.Create(CultureInfo.InvariantCulture, $"{ticks / TimeSpan.TicksPerSecond}.{ticks % TimeSpan.TicksPerSecond * 100:000000000}");
    }

    /// <summary>As lists show a creation date: <c>2026-11-24 07:53:48 +0000 UTC</c>.</summary>
    public static string ListDate(DateTimeOffset moment) => moment.ToLocalTime() switch
    {
        { Offset.Ticks: 0 } utc => utc.ToString("yyyy-MM-dd HH:mm:ss '+0000 UTC'", CultureInfo.InvariantCulture),
        var local => local.ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture).Remove(23, 1) is var text
            ? text + " " + text[20..]
            : "",
    };

    /// <summary>A time of the API as Go prints it, which is how Docker shows networks' dates: nine digits at most, no trailing zeros.</summary>
    public static string GoDate(string apiTime)
    {
        if (!DateTimeOffset.TryParse(apiTime, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment))
        {
            return apiTime;
        }

        // The API's own digits are kept: ours would end at 100 ns.
        var dot = apiTime.IndexOf('.', StringComparison.Ordinal);
        var end = dot < 0 ? -1 : apiTime.AsSpan(dot + 1).IndexOfAnyExceptInRange('0', '9');
        var fraction = dot < 0 || end < 0 ? "" : apiTime.Substring(dot, end + 1).TrimEnd('0').TrimEnd('.');
        var zone = moment.Offset == TimeSpan.Zero ? "+0000 UTC" : apiTime[^6..].Replace(":", "", StringComparison.Ordinal) is var offset ? $"{offset} {offset}" : "";
        return moment.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + fraction + " " + zone;
    }

    /// <summary>How long ago it was, in rough words.</summary>
    public static string Ago(DateTimeOffset moment, DateTimeOffset now) => Quantities.RoughDuration(now - moment) + " ago";
}
