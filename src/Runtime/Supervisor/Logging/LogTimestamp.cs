using System.Buffers.Text;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>RFC 3339 with as many decimals as needed, in UTC; the part down to the second is kept from one line to the next.</summary>
internal sealed class LogTimestamp
{
    private const int WholeLength = 19; // 2006-01-02T15:04:05

    private readonly byte[] text = new byte[WholeLength + 1 + 7 + 1];
    private long second = -1;
    private int length;

    public ReadOnlySpan<byte> Text => text.AsSpan(0, length);

    public void Set(DateTimeOffset time)
    {
        var (whole, ticks) = Math.DivRem(time.UtcTicks, TimeSpan.TicksPerSecond);
        if (whole != second)
        {
            second = whole;
            time.UtcDateTime.TryFormat(text, out _, "yyyy-MM-ddTHH:mm:ss");
        }

        length = WholeLength;
        if (ticks > 0)
        {
            text[length++] = (byte)'.';
            Utf8Formatter.TryFormat(ticks, text.AsSpan(length), out _, new('D', 7));
            length += 7;
            while (text[length - 1] == (byte)'0')
            {
                length--;
            }
        }

        text[length++] = (byte)'Z';
    }
}
