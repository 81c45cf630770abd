using System.Globalization;
using System.Text;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>The forms of a syslog message that Docker's driver has; RFC 3164, RFC 5424. Times are local ones, as syslogs write them.</summary>
internal sealed class SyslogLineFormat : ILineFormat
{
    private const int Error = 3, Information = 6, MaxTime = 40, FacilityShift = 3;

    private readonly SyslogFormat format;
    private readonly byte[] stdoutPriority;
    private readonly byte[] stderrPriority;
    private readonly byte[] beforeText;
    private readonly byte[] time = new byte[MaxTime];
    private int timeLength;
    private long timeAt = -1;
    private long offsetAt = -1;
    private TimeSpan offset;

    public SyslogLineFormat(LogReceiver receiver, int processId)
    {
        format = receiver.SyslogFormat;
        var version = format is SyslogFormat.Rfc5424 or SyslogFormat.Rfc5424Micro ? "1 " : "";
        stdoutPriority = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<{receiver.Facility << FacilityShift | Information}>{version}"));
        stderrPriority = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<{receiver.Facility << FacilityShift | Error}>{version}"));
        beforeText = Encoding.UTF8.GetBytes(format switch
        {
            SyslogFormat.Local => string.Create(CultureInfo.InvariantCulture, $" {receiver.Tag}[{processId}]: "),
            SyslogFormat.Rfc3164 => string.Create(CultureInfo.InvariantCulture, $" {receiver.Hostname} {receiver.Tag}[{processId}]: "),
            _ => string.Create(CultureInfo.InvariantCulture, $" {receiver.Hostname} {receiver.Tag} {processId} {receiver.Tag} - "),
        });
    }

    public int MaxLength(int textLength) => stdoutPriority.Length + MaxTime + beforeText.Length + textLength + 1;

    public int Write(Span<byte> to, in LogLine line)
    {
        if (line.Text.IsEmpty)
        {
            return 0; // an empty line is no message, as in Docker
        }

        SetTime(line.Ticks);
        var at = 0;
        Append(to, ref at, line.Kind == OutputKind.Stderr ? stderrPriority : stdoutPriority);
        Append(to, ref at, time.AsSpan(0, timeLength));
        Append(to, ref at, beforeText);
        Append(to, ref at, line.Text);
        to[at++] = (byte)'\n';
        return at;
    }

    private static void Append(Span<byte> to, ref int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(to[at..]);
        at += bytes.Length;
    }

    private void SetTime(long ticks)
    {
        var unit = format == SyslogFormat.Rfc5424Micro ? TimeSpan.TicksPerMicrosecond : TimeSpan.TicksPerSecond;
        if (ticks / unit == timeAt)
        {
            return;
        }

        timeAt = ticks / unit;
        if (ticks / TimeSpan.TicksPerMinute != offsetAt) // a change to or from summer time is at a full minute
        {
            offsetAt = ticks / TimeSpan.TicksPerMinute;
            offset = LocalTime.Offset((ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond);
        }

        var local = new DateTimeOffset(ticks + offset.Ticks, TimeSpan.FromMinutes(Math.Round(offset.TotalMinutes)));
        var text = format switch
        {
            SyslogFormat.Local or SyslogFormat.Rfc3164 => string.Create(CultureInfo.InvariantCulture, $"{local:MMM} {local.Day,2} {local:HH:mm:ss}"),
            SyslogFormat.Rfc5424 => local.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + Zone(local.Offset),
            _ => local.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff", CultureInfo.InvariantCulture) + Zone(local.Offset),
        };
        timeLength = Encoding.UTF8.GetBytes(text, time);
    }

    private static string Zone(TimeSpan offset)
        => offset == TimeSpan.Zero ? "Z" : (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString(@"hh\:mm", CultureInfo.InvariantCulture);
}
