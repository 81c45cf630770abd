using System.Globalization;

namespace Berth.Client.Output;

/// <summary>Sizes and spans of time as people write and read them.</summary>
internal static class Quantities
{
    private static readonly System.Buffers.SearchValues<char> NumberLetters = System.Buffers.SearchValues.Create("0123456789.");
    private static readonly string[] DecimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    private static readonly string[] BinaryUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>A size in powers of 1000 with so many significant digits: <c>4.43MB</c>.</summary>
    public static string DecimalSize(double bytes, int digits = 3) => Scaled(bytes, 1000, DecimalUnits, digits);

    /// <summary>A size in powers of 1024 with four significant digits: <c>1.945GiB</c>.</summary>
    public static string BinarySize(double bytes) => Scaled(bytes, 1024, BinaryUnits, 4);

    /// <summary>A span in rough words: <c>About a minute</c>, <c>3 days</c>.</summary>
    public static string RoughDuration(TimeSpan span)
    {
        var hours = (int)(span.TotalHours + 0.5);
        return span.TotalSeconds switch
        {
            < 1 => "Less than a second",
            < 2 => "1 second",
            < 60 => $"{(int)span.TotalSeconds} seconds",
            < 120 => "About a minute",
            < 3600 => $"{(int)span.TotalMinutes} minutes",
            _ when hours == 1 => "About an hour",
            _ when hours < 48 => $"{hours} hours",
            _ when hours < 24 * 7 * 2 => $"{hours / 24} days",
            _ when hours < 24 * 30 * 2 => $"{hours / 24 / 7} weeks",
            _ when hours < 24 * 365 * 2 => $"{hours / 24 / 30} months",
            _ => $"{(int)span.TotalHours / 24 / 365} years",
        };
    }

    /// <summary>Reads <c>64</c>, <c>10k</c>, <c>1.5g</c>, <c>2GiB</c> or <c>-1</c>; every unit is a power of 1024, as users of memory limits mean it.</summary>
    /// <exception cref="FormatException">No such size.</exception>
    public static long ParseBytes(string text)
    {
        if (text == "-1")
        {
            return -1;
        }

        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
        {
            end++;
        }

        var unit = text[end..].Trim().ToLowerInvariant();
        var power = unit switch
        {
            "" or "b" => 0,
            "k" or "kb" or "kib" => 1,
            "m" or "mb" or "mib" => 2,
            "g" or "gb" or "gib" => 3,
            "t" or "tb" or "tib" => 4,
            "p" or "pb" or "pib" => 5,
            _ => throw new FormatException($"invalid size: '{text}'"),
        };
        if (!decimal.TryParse(text[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"invalid size: '{text}'");
        }

        try
        {
            return (long)(number * (1L << (10 * power)));
        }
        catch (OverflowException)
        {
            throw new FormatException($"invalid size: '{text}' is too large");
        }
    }

    /// <summary>Reads <c>1h30m</c>, <c>1.5s</c>, <c>250ms</c>, <c>0</c>.</summary>
    /// <exception cref="FormatException">No such span.</exception>
    public static TimeSpan ParseDuration(string text)
        => TryParseDuration(text) ?? throw new FormatException($"invalid duration \"{text}\": write a number with a unit, such as 30s, 1m30s or 250ms");

    public static TimeSpan? TryParseDuration(string text)
    {
        var rest = text.AsSpan();
        var negative = rest.StartsWith("-");
        if (negative || rest.StartsWith("+"))
        {
            rest = rest[1..];
        }

        if (rest is "0")
        {
            return TimeSpan.Zero;
        }

        var ticks = 0m;
        var any = false;
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept(NumberLetters);
            if (digits <= 0 || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return null;
            }

            rest = rest[digits..];
            var letters = rest.IndexOfAny(NumberLetters);
            var unit = letters < 0 ? rest : rest[..letters];
            var ticksPerUnit = unit switch
            {
                "ns" => 0.01m,
                "us" or "µs" => 10m,
                "ms" => TimeSpan.TicksPerMillisecond,
                "s" => TimeSpan.TicksPerSecond,
                "m" => TimeSpan.TicksPerMinute,
                "h" => TimeSpan.TicksPerHour,
                _ => 0m,
            };
            if (ticksPerUnit == 0m)
            {
                return null;
            }

            ticks += number * ticksPerUnit;
            if (ticks > long.MaxValue)
            {
                return null;
            }

            rest = rest[unit.Length..];
            any = true;
        }

        return any ? new TimeSpan((long)(negative ? -ticks : ticks)) : null;
    }

    /// <summary>Like printf's %.Ng: so many significant digits, no trailing zeros.</summary>
    private static string Scaled(double value, double step, string[] units, int digits)
    {
        var unit = 0;
        while (value >= step && unit < units.Length - 1)
        {
            value /= step;
            unit++;
        }

        return Significant(value, digits) + units[unit];
    }

    private static string Significant(double value, int digits)
    {
        if (value == 0)
        {
            return "0";
        }

        var whole = (int)Math.Floor(Math.Log10(Math.Abs(value))) + 1;
        if (whole > digits)
        {
            // %g leaves the plain notation here: 1023 bytes with three digits are 1.02e+03.
            var mantissa = value / Math.Pow(10, whole - 1);
            return $"{mantissa.ToString("0." + new string('#', digits - 1), CultureInfo.InvariantCulture)}e+{whole - 1:00}";
        }

        // Formatting rounds by the exact binary value, as %g does; Math.Round would see 1.095 as a tie.
        var text = value.ToString("F" + (digits - whole), CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
    }
}
