using System.Buffers;

namespace Berth.Daemon.Containers.Logs;

/// <summary>Finds where to begin reading, touching only the part of the files that decides it.</summary>
internal static class LogPosition
{
    private const int BlockSize = 64 << 10;

    /// <summary>Index of a file and the offset in its text from which <see cref="LogQuery.Tail"/> and <see cref="LogQuery.SinceNano"/> can be met.</summary>
    /// <param name="end">End of what counts in the last file: its length, or less.</param>
    public static (int File, long Offset) Find(LogFileSet set, long end, LogQuery query)
    {
        var start = query.Tail is { } tail ? FindTail(set, end, tail) : (File: 0, Offset: 0L);
        return query.SinceNano is { } since ? FindSince(set, start, end, since) : start;
    }

    /// <summary>The beginning of the last <paramref name="count"/> lines.</summary>
    private static (int File, long Offset) FindTail(LogFileSet set, long end, long count)
    {
        for (var i = set.Files.Count - 1; i >= 0; i--)
        {
            var file = set.Files[i];
            var (offset, found) = file.IsCompressed
                ? FindTailForwards(file, count)
                : FindTailBackwards(file, i == set.Files.Count - 1 ? end : file.Length, count);
            if (found >= count)
            {
                return (i, offset);
            }

            count -= found;
        }

        return (0, 0);
    }

    /// <returns>Offset of the first of the lines, and how many there are, at most <paramref name="count"/>. An unfinished last line is not one.</returns>
    private static (long Offset, long Found) FindTailBackwards(LogFile file, long length, long count)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            // The line feed that ends the line before the first wanted one is number count + 1 from the end.
            var feeds = 0L;
            for (var blockEnd = length; blockEnd > 0;)
            {
                var blockStart = Math.Max(0, blockEnd - BlockSize);
                var block = buffer.AsSpan(0, ReadFully(file, blockStart, buffer.AsSpan(0, (int)(blockEnd - blockStart))));
                while (true)
                {
                    var feed = block.LastIndexOf((byte)'\n');
                    if (feed < 0)
                    {
                        break;
                    }

                    if (++feeds > count)
                    {
                        return (blockStart + feed + 1, count);
                    }

                    block = block[..feed];
                }

                blockEnd = blockStart;
            }

            return (0, feeds);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A compressed file is read through once to count and once to find.</summary>
    private static (long Offset, long Found) FindTailForwards(LogFile file, long count)
    {
        var total = CountLines(file, stopAfter: long.MaxValue, out _);
        if (total <= count)
        {
            return (0, total);
        }

        CountLines(file, stopAfter: total - count, out var offset);
        return (offset, count);
    }

    private static long CountLines(LogFile file, long stopAfter, out long offset)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BlockSize);
        try
        {
            var lines = 0L;
            offset = 0;
            int read;
            while ((read = file.Read(offset, buffer)) > 0)
            {
                var block = buffer.AsSpan(0, read);
                for (var at = 0; at < read;)
                {
                    var feed = block[at..].IndexOf((byte)'\n');
                    if (feed < 0)
                    {
                        break;
                    }

                    at += feed + 1;
                    if (++lines == stopAfter)
                    {
                        offset += at;
                        return lines;
                    }
                }

                offset += read;
            }

            return lines;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A place at or before the first record that is not older, and not before <paramref name="start"/>; records are in the order of their times.</summary>
    private static (int File, long Offset) FindSince(LogFileSet set, (int File, long Offset) start, long end, long since)
    {
        var (index, offset) = start;

        // A file is needless when the next one begins before the wanted time too.
        while (index + 1 < set.Files.Count && FirstTime(set.Files[index + 1], 0, out _) is { } next && next < since)
        {
            (index, offset) = (index + 1, 0);
        }

        var file = set.Files[index];
        if (file.IsCompressed)
        {
            return (index, offset); // read forwards; the reader skips what is older
        }

        var (low, high) = (offset, index == set.Files.Count - 1 ? end : file.Length);
        while (high - low > BlockSize)
        {
            var middle = low + ((high - low) / 2);
            if (FirstTime(file, middle, out var line) is not { } time || line >= high)
            {
                high = middle;
            }
            else if (time < since)
            {
                low = line;
            }
            else
            {
                high = middle;
            }
        }

        return (index, low);
    }

    /// <summary>Time of the first whole record that begins after an offset (or at it, when that is 0), and where it begins.</summary>
    private static long? FirstTime(LogFile file, long offset, out long line)
    {
        line = offset;
        var size = BlockSize;
        var buffer = ArrayPool<byte>.Shared.Rent(size);
        try
        {
            // A record is longer than a block only if something else than Berth wrote it; then the search simply reads more.
            var block = buffer.AsSpan(0, ReadFully(file, offset, buffer.AsSpan(0, size)));
            if (offset > 0)
            {
                var feed = block.IndexOf((byte)'\n');
                if (feed < 0)
                {
                    return null;
                }

                line += feed + 1;
                block = block[(feed + 1)..];
            }

            var end = block.IndexOf((byte)'\n');
            return end >= 0 && LogRecordParser.TryParse(block[..end], out var record) && LogRecordParser.TryParseTime(record.Time, out var time) ? time : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static int ReadFully(LogFile file, long offset, Span<byte> buffer)
    {
        var total = 0;
        while (total < buffer.Length)
        {
            var read = file.Read(offset + total, buffer[total..]);
            if (read == 0)
            {
                break;
            }

            total += read;
        }

        return total;
    }
}
