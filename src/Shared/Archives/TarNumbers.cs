namespace Berth.Shared.Archives;

/// <summary>The numbers of tar headers: octal digits, or GNU's base-256 for what these can't hold; and pax's decimal times.</summary>
internal static class TarNumbers
{
    /// <exception cref="TarFormatException">Neither form, or beyond 63 bits.</exception>
    internal static long Parse(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            return ParseBase256(field);
        }

        var digits = field.Trim(" \0"u8);
        if (digits.IndexOfAny((byte)0, (byte)' ') is var end and >= 0)
        {
            digits = digits[..end];
        }

        var value = 0L;
        foreach (var digit in digits)
        {
            if (digit is < (byte)'0' or > (byte)'7' || value > long.MaxValue >> 3)
            {
                throw new TarFormatException("tar: a header holds a number that isn't one");
            }

            value = (value << 3) | (long)(digit - '0');
        }

        return value;
    }

    /// <summary>Decimal digits alone, as in pax records.</summary>
    /// <exception cref="TarFormatException">Anything else, or beyond 63 bits.</exception>
    internal static long ParseDecimal(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty || text.Length > 19)
        {
            throw new TarFormatException("tar: an extended header holds a number that isn't one");
        }

        var value = 0UL;
        foreach (var digit in text)
        {
            value = digit is >= (byte)'0' and <= (byte)'9'
                ? (value * 10) + (ulong)(digit - '0')
                : throw new TarFormatException("tar: an extended header holds a number that isn't one");
        }

        return value <= long.MaxValue ? (long)value : throw new TarFormatException("tar: an extended header holds a number too large");
    }

    /// <summary>Seconds with an optional fraction of which nine digits count, "-1.5" included.</summary>
    internal static (long Seconds, uint Nanoseconds) ParseTime(ReadOnlySpan<byte> text)
    {
        var negative = !text.IsEmpty && text[0] == (byte)'-';
        text = negative ? text[1..] : text;
        var dot = text.IndexOf((byte)'.');
        var seconds = ParseDecimal(dot < 0 ? text : text[..dot]);
        var nanoseconds = 0u;
        if (dot >= 0)
        {
            var scale = 100_000_000u;
            foreach (var digit in text[(dot + 1)..])
            {
                if (digit is < (byte)'0' or > (byte)'9')
                {
                    throw new TarFormatException("tar: an extended header holds a time that isn't one");
                }

                nanoseconds += scale * (uint)(digit - '0');
                scale /= 10;
            }
        }

        return (negative, nanoseconds) switch
        {
            (false, _) => (seconds, nanoseconds),
            (true, 0) => (-seconds, 0),
            _ => (-seconds - 1, 1_000_000_000 - nanoseconds),
        };
    }

    private static long ParseBase256(ReadOnlySpan<byte> field)
    {
        var negative = (field[0] & 0x40) != 0;
        var value = negative ? -1L : 0L;
        for (var i = 0; i < field.Length; i++)
        {
            // The top bit only marks the form; the next one is the sign and runs on through it.
            var octet = i == 0 ? (negative ? field[0] | 0x80 : field[0] & 0x7F) : field[i];
            if (value is > (long.MaxValue >> 8) or < (long.MinValue >> 8))
            {
                throw new TarFormatException("tar: a header holds a number too large");
            }

            value = (value << 8) | (long)octet;
        }

        return value;
    }
}
