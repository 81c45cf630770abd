using System.Buffers;
using System.IO.Pipelines;

namespace Berth.Daemon.Containers.Logs;

/// <summary>Reads records of one file from an offset on, and writes those that the query wants.</summary>
internal sealed class LogFileReader(LogQuery query, PipeWriter output) : IDisposable
{
    /// <summary>Longer lines are no records of ours: they are skipped, so that a damaged file can't fill the memory.</summary>
    private const int MaxLine = 8 << 20;

    private const int FlushAt = 128 << 10;

    private byte[] buffer = ArrayPool<byte>.Shared.Rent(256 << 10);
    private bool skipping;

    /// <summary>The wanted time is over: nothing that follows can be wanted.</summary>
    public bool IsPastUntil { get; private set; }

    /// <summary>Time of the last record read; 0: none yet.</summary>
    public long LastTime { get; private set; }

    /// <summary>Copies whole lines from <paramref name="offset"/> to <paramref name="end"/> or the end of the file, whichever comes first.</summary>
    /// <returns>Offset after the last whole line.</returns>
    public async ValueTask<long> CopyAsync(LogFile file, long offset, long end, CancellationToken ct)
    {
        var kept = 0; // bytes of an unfinished line at the start of the buffer
        var position = offset;
        while (!IsPastUntil)
        {
            if (kept == buffer.Length)
            {
                Grow();
            }

            var wanted = (int)Math.Min(buffer.Length - kept, end - position);
            var read = wanted <= 0 ? 0 : file.Read(position, buffer.AsSpan(kept, wanted));
            if (read == 0)
            {
                break;
            }

            position += read;
            var consumed = Process(buffer.AsSpan(0, kept + read));
            kept = kept + read - consumed;
            if (skipping || kept > MaxLine)
            {
                // What is kept is the inside of an overlong line.
                skipping = true;
                kept = 0;
            }

            buffer.AsSpan(consumed, kept).CopyTo(buffer);
            if (output.UnflushedBytes >= FlushAt)
            {
                await output.FlushAsync(ct);
            }
        }

        return position - kept;
    }

    public void Dispose() => ArrayPool<byte>.Shared.Return(buffer);

    /// <returns>Bytes of whole lines.</returns>
    private int Process(ReadOnlySpan<byte> block)
    {
        var consumed = 0;
        while (!IsPastUntil)
        {
            var feed = block[consumed..].IndexOf((byte)'\n');
            if (feed < 0)
            {
                break;
            }

            if (skipping)
            {
                skipping = false;
            }
            else
            {
                ProcessLine(block.Slice(consumed, feed));
            }

            consumed += feed + 1;
        }

        return consumed;
    }

    private void ProcessLine(ReadOnlySpan<byte> line)
    {
        if (!LogRecordParser.TryParse(line, out var record))
        {
            return; // a line cut off by a crash or a full disk
        }

        if (query.SinceNano is not null || query.UntilNano is not null)
        {
            if (!LogRecordParser.TryParseTime(record.Time, out var time))
            {
                return;
            }

            LastTime = time;
            if (time > query.UntilNano)
            {
                IsPastUntil = true;
                return;
            }

            if (time < query.SinceNano)
            {
                return;
            }
        }

        if (record.IsStderr ? query.Stderr : query.Stdout)
        {
            LogRecordWriter.Write(output, record, query);
        }
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
