using System.Runtime.InteropServices;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>
/// Lines that wait, first in first out, in a ring outside of the managed heap, whose limit is small. Memory is taken with the first line and given back with the last.
/// </summary>
/// <param name="capacity">Bytes of the ring.</param>
internal sealed unsafe class LineQueue(int capacity) : IDisposable
{
    // Records never wrap: one that does not fit before the ring's end begins at its start again, and this length marks the gap.
    private const int Gap = -1, Alignment = 8;

    private readonly int size = Math.Max(capacity & ~(Alignment - 1), 2 * RecordSize(LineSplitter.MaxLine));
    private byte* ring;
    private int first;
    private int next;

    public int Count { get; private set; }

    /// <summary>What the lines take, their headers included.</summary>
    public int Bytes { get; private set; }

    /// <returns>False when there is no room.</returns>
    public bool TryAdd(in LogLine line)
    {
        var record = RecordSize(line.Text.Length);
        if (ring is null)
        {
            ring = (byte*)NativeMemory.Alloc((nuint)size);
        }

        if (!TryPlace(record))
        {
            return false;
        }

        var header = (Header*)(ring + next);
        *header = new Header
        {
            Length = line.Text.Length,
            Kind = line.Kind,
            IsLastPart = line.IsLastPart,
            PartialOrdinal = line.PartialOrdinal,
            Ticks = line.Ticks,
            PartialId = line.PartialId,
        };
        line.Text.CopyTo(new Span<byte>(header + 1, line.Text.Length));
        next += record;
        Count++;
        Bytes += record;
        return true;
    }

    /// <summary>The first line, valid until it is removed; the queue is not empty.</summary>
    public LogLine Peek()
    {
        var header = First();
        return new LogLine
        {
            Kind = header->Kind,
            Text = new ReadOnlySpan<byte>(header + 1, header->Length),
            Ticks = header->Ticks,
            PartialId = header->PartialId,
            PartialOrdinal = header->PartialOrdinal,
            IsLastPart = header->IsLastPart,
        };
    }

    public void Remove()
    {
        var record = RecordSize(First()->Length);
        first += record;
        Bytes -= record;
        if (--Count == 0)
        {
            Dispose();
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(ring);
        ring = null;
        (first, next, Count, Bytes) = (0, 0, 0, 0);
    }

    private static int RecordSize(int textLength) => (sizeof(Header) + textLength + Alignment - 1) & ~(Alignment - 1);

    // The lines lie from first to next, or from first to the end and on to next. An empty ring begins at 0.
    private bool TryPlace(int record)
    {
        if (Count > 0 && next <= first)
        {
            return first - next >= record;
        }

        if (size - next >= record)
        {
            return true;
        }

        if (first < record)
        {
            return false;
        }

        if (next < size)
        {
            ((Header*)(ring + next))->Length = Gap;
        }

        next = 0;
        return true;
    }

    private Header* First()
    {
        if (first == size || ((Header*)(ring + first))->Length == Gap)
        {
            first = 0;
        }

        return (Header*)(ring + first);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public int Length;
        public int PartialOrdinal;
        public long Ticks;
        public ulong PartialId;
        public OutputKind Kind;
        public bool IsLastPart;
    }
}
