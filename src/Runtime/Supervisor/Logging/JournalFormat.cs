using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>journald's own protocol: an entry is a datagram of "NAME=value" lines; systemd.io, "Native Journal Protocol". Fields are those of Docker's driver.</summary>
internal sealed class JournalFormat : ILineFormat
{
    private const int MaxVariable = 256;

    private readonly byte[] fields;
    private readonly LogTimestamp timestamp = new();
    private ulong ordinal;

    /// <param name="fields">Names are journald's already: capitals, digits and underscores.</param>
    public JournalFormat(IReadOnlyDictionary<string, string> fields)
    {
        using var text = new MemoryStream();
        foreach (var (name, value) in fields)
        {
            Write(text, name, value);
        }

        this.fields = text.ToArray();
    }

    public int MaxLength(int textLength) => fields.Length + MaxVariable + textLength;

    public int Write(Span<byte> to, in LogLine line)
    {
        timestamp.Set(new DateTimeOffset(line.Ticks, TimeSpan.Zero));
        fields.CopyTo(to);
        var at = fields.Length;
        Append(to, ref at, line.Kind == OutputKind.Stderr ? "PRIORITY=3\nSYSLOG_TIMESTAMP="u8 : "PRIORITY=6\nSYSLOG_TIMESTAMP="u8);
        Append(to, ref at, timestamp.Text);
        Append(to, ref at, "\nCONTAINER_LOG_ORDINAL="u8);
        Append(to, ref at, ++ordinal);
        if (line.PartialId != 0)
        {
            Append(to, ref at, "\nCONTAINER_PARTIAL_ID="u8);
            Append(to, ref at, line.PartialId, new('x', 16));
            Append(to, ref at, "\nCONTAINER_PARTIAL_ORDINAL="u8);
            Append(to, ref at, (ulong)line.PartialOrdinal);
            Append(to, ref at, line.IsLastPart ? "\nCONTAINER_PARTIAL_LAST=true"u8 : "\nCONTAINER_PARTIAL_LAST=false\nCONTAINER_PARTIAL_MESSAGE=true"u8);
        }

        Append(to, ref at, "\nMESSAGE="u8);
        Append(to, ref at, line.Text);
        Append(to, ref at, "\n"u8);
        return at;
    }

    private static void Write(Stream to, string name, string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        to.Write(Encoding.UTF8.GetBytes(name));
        if (bytes.Contains((byte)'\n'))
        {
            // A value with line feeds comes after its length.
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, bytes.Length);
            to.WriteByte((byte)'\n');
            to.Write(length);
        }
        else
        {
            to.WriteByte((byte)'=');
        }

        to.Write(bytes);
        to.WriteByte((byte)'\n');
    }

    private static void Append(Span<byte> to, ref int at, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(to[at..]);
        at += bytes.Length;
    }

    private static void Append(Span<byte> to, ref int at, ulong number, System.Buffers.StandardFormat format = default)
    {
        Utf8Formatter.TryFormat(number, to[at..], out var length, format);
        at += length;
    }
}
