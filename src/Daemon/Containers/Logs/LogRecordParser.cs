using System.Text.Json;

namespace Berth.Daemon.Containers.Logs;

/// <summary>Takes the lines of a json-file log apart: at memory speed those in the order in which Berth and Docker write them, and any others too.</summary>
internal static class LogRecordParser
{
    /// <param name="line">Without the line feed.</param>
    /// <returns>False for a line that is no record, such as one that a crash cut off.</returns>
    public static bool TryParse(ReadOnlySpan<byte> line, out LogRecord record)
        => TryParseUsual(line, out record) || TryParseAny(line, out record);

    /// <summary>Nanoseconds since 1970 of a record's time.</summary>
    public static bool TryParseTime(ReadOnlySpan<byte> time, out long nanoseconds)
    {
        nanoseconds = 0;

        // 2026-01-02T03:04:05[.123456789]Z
        if (time.Length < 20 || time[^1] != 'Z' || time[4] != '-' || time[7] != '-' || time[10] != 'T' || time[13] != ':' || time[16] != ':'
            || !Digits(time[..4], out var year) || !Digits(time[5..7], out var month) || !Digits(time[8..10], out var day)
            || !Digits(time[11..13], out var hour) || !Digits(time[14..16], out var minute) || !Digits(time[17..19], out var second)
            || month is < 1 or > 12 || day is < 1 or > 31)
        {
            return false;
        }

        var fraction = time[19..^1];
        var nanos = 0;
        if (fraction.Length > 0)
        {
            if (fraction[0] != '.' || fraction.Length > 10 || !Digits(fraction[1..], out nanos))
            {
                return false;
            }

            for (var digits = fraction.Length - 1; digits < 9; digits++)
            {
                nanos *= 10;
            }
        }

        var days = DaysSince1970(year, month, day);
        nanoseconds = (((((days * 24) + hour) * 60) + minute) * 60 + second) * 1_000_000_000L + nanos;
        return true;
    }

    /// <summary><c>{"log":"…","stream":"stdout",["attrs":{…},]"time":"…"}</c></summary>
    private static bool TryParseUsual(ReadOnlySpan<byte> line, out LogRecord record)
    {
        record = default;
        if (!line.StartsWith("{\"log\":\""u8))
        {
            return false;
        }

        var text = line[8..];
        var end = EndOfString(text);
        if (end < 0)
        {
            return false;
        }

        var rest = text[(end + 1)..];
        if (!rest.StartsWith(",\"stream\":\"std"u8))
        {
            return false;
        }

        rest = rest[14..];
        bool isStderr;
        if (rest.StartsWith("out\","u8))
        {
            isStderr = false;
        }
        else if (rest.StartsWith("err\","u8))
        {
            isStderr = true;
        }
        else
        {
            return false;
        }

        rest = rest[5..];
        var attributes = default(ReadOnlySpan<byte>);
        if (rest.StartsWith("\"attrs\":{"u8))
        {
            var close = EndOfObject(rest[8..]);
            if (close < 0 || close + 9 >= rest.Length || rest[close + 9] != ',')
            {
                return false;
            }

            attributes = rest.Slice(8, close + 1);
            rest = rest[(close + 10)..];
        }

        if (!rest.StartsWith("\"time\":\""u8) || !rest.EndsWith("\"}"u8) || rest.Length < 10)
        {
            return false;
        }

        record = new LogRecord { EscapedText = text[..end], IsStderr = isStderr, Attributes = attributes, Time = rest[8..^2] };
        return true;
    }

    /// <summary>Members in any order and with any others between them.</summary>
    private static bool TryParseAny(ReadOnlySpan<byte> line, out LogRecord record)
    {
        record = default;
        ReadOnlySpan<byte> text = default, time = default, attributes = default;
        var (isStderr, hasText) = (false, false);
        try
        {
            var reader = new Utf8JsonReader(line);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("log"u8) && Next(ref reader, JsonTokenType.String))
                {
                    text = reader.ValueSpan;
                    hasText = true;
                }
                else if (reader.ValueTextEquals("stream"u8) && Next(ref reader, JsonTokenType.String))
                {
                    isStderr = reader.ValueTextEquals("stderr"u8);
                }
                else if (reader.ValueTextEquals("time"u8) && Next(ref reader, JsonTokenType.String))
                {
                    time = reader.ValueSpan;
                }
                else if (reader.ValueTextEquals("attrs"u8) && Next(ref reader, JsonTokenType.StartObject))
                {
                    var start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    attributes = line[start..(int)reader.BytesConsumed];
                }
                else
                {
                    if (reader.TokenType == JsonTokenType.PropertyName)
                    {
                        reader.Read();
                    }

                    reader.Skip();
                }
            }
        }
        catch (JsonException)
        {
            return false;
        }

        record = new LogRecord { EscapedText = text, IsStderr = isStderr, Attributes = attributes, Time = time };
        return hasText;
    }

    /// <summary>Reads the value; a value of another type is left for the caller to skip.</summary>
    private static bool Next(ref Utf8JsonReader reader, JsonTokenType wanted) => reader.Read() && reader.TokenType == wanted;

    /// <summary>Index of the quote that ends a JSON string whose first quote is before the span; -1: there is none.</summary>
    private static int EndOfString(ReadOnlySpan<byte> text)
    {
        var from = 0;
        while (true)
        {
            var found = text[from..].IndexOfAny((byte)'"', (byte)'\\');
            if (found < 0)
            {
                return -1;
            }

            from += found;
            if (text[from] == '"')
            {
                return from;
            }

            from += 2; // the escape and what it escapes; \u's digits are neither of the two
            if (from > text.Length)
            {
                return -1;
            }
        }
    }

    /// <summary>Index of the brace that ends the object with which the span begins, whose members are strings.</summary>
    private static int EndOfObject(ReadOnlySpan<byte> text)
    {
        for (var i = 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case (byte)'}':
                    return i;
                case (byte)'"':
                    var end = EndOfString(text[(i + 1)..]);
                    if (end < 0)
                    {
                        return -1;
                    }

                    i += end + 1;
                    break;
            }
        }

        return -1;
    }

    private static bool Digits(ReadOnlySpan<byte> text, out int number)
    {
        number = 0;
        foreach (var c in text)
        {
            if (c is < (byte)'0' or > (byte)'9')
            {
                return false;
            }

            number = (number * 10) + (c - '0');
        }

        return text.Length > 0;
    }

    /// <summary>Of the proleptic Gregorian calendar, counted in eras of 400 years that begin in March.</summary>
    private static long DaysSince1970(int year, int month, int day)
    {
        var y = month <= 2 ? year - 1 : year;
        var era = (y >= 0 ? y : y - 399) / 400;
        var yearOfEra = y - (era * 400);
        var dayOfYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + day - 1;
        var dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146097L) + dayOfEra - 719468;
    }
}
