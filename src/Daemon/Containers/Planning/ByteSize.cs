using System.Buffers;
using System.Globalization;

namespace Berth.Daemon.Containers.Planning;

/// <summary>Sizes as users write them: "64m", "1.5g", "1024", "10 MiB"; units are binary.</summary>
internal static class ByteSize
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        var digits = text.AsSpan().Trim();
        var unitAt = digits.IndexOfAnyExcept(Digits);
        var unit = unitAt < 0 ? "" : digits[unitAt..].Trim().ToString().ToLowerInvariant();
        var shift = unit switch
        {
            "" or "b" => 0,
            "k" or "kb" or "kib" => 10,
            "m" or "mb" or "mib" => 20,
            "g" or "gb" or "gib" => 30,
            "t" or "tb" or "tib" => 40,
            "p" or "pb" or "pib" => 50,
            _ => -1,
        };
        var number = unitAt < 0 ? digits : digits[..unitAt];
        if (shift < 0 || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        var size = value * (1L << shift);
        if (size > long.MaxValue)
        {
            return false;
        }

        bytes = (long)size;
        return true;
    }
}
