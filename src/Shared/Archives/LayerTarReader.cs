using Berth.Shared.Linux;

namespace Berth.Shared.Archives;

/// <summary>
/// Reads tar archives as they occur in images: ustar, pax (binary extended attributes too), GNU long names, both families of sparse files, base-256 numbers.
/// Reads forward only and blocks; nothing that the archive says is trusted with memory.
/// </summary>
public sealed class LayerTarReader(Stream archive)
{
    private const int BlockSize = 512;
    private const int MaximumExtendedHeader = 1 << 20;
    private const int MaximumSegments = 1 << 20;
    private const long MaximumId = int.MaxValue; // 31 bits: beyond, some kernels and tools see -1 or 0 (CVE-2024-40635)
    private const int BufferSize = 128 * 1024;

    private readonly byte[] _buffer = new byte[BufferSize];
    private int _start;
    private int _end;
    private long _contentLeft; // of the present member, as stored
    private long _padding;
    private int _segment;
    private long _segmentDone;
    private TarEntry? _entry;

    /// <summary>Where the next member's content begins, or the present one's continues, in the archive; for messages.</summary>
    public long Position { get; private set; }

    /// <summary>The next member; what was not read of the present one is skipped.</summary>
    /// <returns>Null at the end of the archive.</returns>
    /// <exception cref="TarFormatException">The archive is malformed or ends too early.</exception>
    public TarEntry? Next()
    {
        SkipContent();
        TarExtendedHeader? extended = null;
        while (true)
        {
            var block = ReadBlock(atStart: extended is null);
            if (block.IsEmpty || block.IndexOfAnyExcept((byte)0) < 0)
            {
                // Two blocks of zeros end an archive; one, or the end of the file, is taken for it too, as other readers do.
                return extended is null ? _entry = null : throw new TarFormatException("tar: the archive ends after an extended header");
            }

            VerifyChecksum(block);
            var type = block[156];
            switch (type)
            {
                case (byte)'x':
                    (extended ??= new TarExtendedHeader()).ReadRecords(ReadExtension(block));
                    continue;
                case (byte)'g':
                    // Archives for all members' defaults: every reader of images ignores them, so a layer's meaning must not hang on them.
                    ReadExtension(block);
                    continue;
                case (byte)'L':
                    (extended ??= new TarExtendedHeader()).Name = TarExtendedHeader.Path(ReadExtension(block).AsSpan().TrimEnd((byte)0), "name");
                    continue;
                case (byte)'K':
                    (extended ??= new TarExtendedHeader()).LinkTarget = TarExtendedHeader.Path(ReadExtension(block).AsSpan().TrimEnd((byte)0), "link target");
                    continue;
                default:
                    return _entry = ReadMember(block.ToArray(), extended);
            }
        }
    }

    /// <summary>Reads on in the present member's content; of a sparse file only the pieces that are not holes.</summary>
    /// <param name="offset">Where in the file the bytes belong.</param>
    /// <returns>Empty at the end. Valid until the next call.</returns>
    /// <exception cref="TarFormatException">The archive ends too early.</exception>
    public ReadOnlySpan<byte> ReadContent(out long offset)
    {
        offset = 0;
        if (_contentLeft == 0 || _entry is null)
        {
            return [];
        }

        if (_start == _end)
        {
            Fill();
        }

        var available = (int)Math.Min(_end - _start, _contentLeft);
        if (_entry.Segments is { } segments)
        {
            while (_segmentDone == segments[_segment].Length)
            {
                _segment++;
                _segmentDone = 0;
            }

            offset = segments[_segment].Offset + _segmentDone;
            available = (int)Math.Min(available, segments[_segment].Length - _segmentDone);
            _segmentDone += available;
        }
        else
        {
            offset = _entry.Size - _contentLeft;
        }

        var content = _buffer.AsSpan(_start, available);
        Advance(available);
        _contentLeft -= available;
        return content;
    }

    /// <summary>The whole content of a small member.</summary>
    /// <exception cref="TarFormatException">It is larger than <paramref name="limit"/>, or the archive ends too early.</exception>
    public byte[] ReadAll(int limit)
    {
        if (_entry is null || _entry.Size > limit)
        {
            throw new TarFormatException($"tar: a member of {_entry?.Size} bytes where at most {limit} are allowed");
        }

        var content = new byte[_entry.Size];
        while (ReadContent(out var offset) is { IsEmpty: false } piece)
        {
            piece.CopyTo(content.AsSpan((int)offset));
        }

        return content;
    }

    /// <summary>The present member's content as a stream; of sparse files only the stored pieces.</summary>
    public Stream OpenContent() => new TarContentStream(this);

    private TarEntry ReadMember(ReadOnlySpan<byte> block, TarExtendedHeader? extended)
    {
        var type = block[156];
        var stored = extended?.Size ?? TarNumbers.Parse(block[124..136]);
        if (stored < 0)
        {
            throw new TarFormatException("tar: a member's size is negative");
        }

        var name = extended?.SparseName ?? extended?.Name ?? HeaderName(block);
        var kind = KindOf(type, name);

        // POSIX: whatever they say, links, directories and devices have no content here.
        _contentLeft = kind is TarEntryKind.File || (type == (byte)'D') ? stored : 0;
        _padding = (BlockSize - (_contentLeft % BlockSize)) % BlockSize;
        var size = kind is TarEntryKind.File ? stored : 0;
        IReadOnlyList<TarSegment>? segments = null;
        if (type == (byte)'S')
        {
            (segments, size) = ReadOldSparseMap(block);
        }
        else if (kind is TarEntryKind.File && extended is { SparseMapInContent: true })
        {
            (segments, size) = ReadSparseMapInContent(extended);
        }
        else if (kind is TarEntryKind.File && extended is { SparseMap: { } map })
        {
            (segments, size) = (Pair(map), extended.SparseSize ?? throw BadSparse());
        }

        if (segments is not null)
        {
            CheckSegments(segments, size);
        }

        (_segment, _segmentDone) = (0, 0);
        return new TarEntry
        {
            Name = name,
            Kind = kind,
            Permissions = (uint)(TarNumbers.Parse(block[100..108]) & 0xFFF),
            Uid = Id(extended?.Uid ?? TarNumbers.Parse(block[108..116])),
            Gid = Id(extended?.Gid ?? TarNumbers.Parse(block[116..124])),
            Size = size,
            Modified = Time(extended?.Modified) ?? new FileTime(TarNumbers.Parse(block[136..148]), 0),
            Accessed = Time(extended?.Accessed),
            LinkTarget = extended?.LinkTarget ?? UntilNul(block[157..257]).ToArray(),
            DeviceMajor = kind is TarEntryKind.CharacterDevice or TarEntryKind.BlockDevice ? DeviceNumber(block[329..337]) : 0,
            DeviceMinor = kind is TarEntryKind.CharacterDevice or TarEntryKind.BlockDevice ? DeviceNumber(block[337..345]) : 0,
            Attributes = extended?.Attributes ?? [],
            Segments = segments,
        };
    }

    private static TarEntryKind KindOf(byte type, ReadOnlySpan<byte> name) => type switch
    {
        0 or (byte)'0' or (byte)'7' => name is [.., (byte)'/'] ? TarEntryKind.Directory : TarEntryKind.File, // before POSIX, the slash made the directory
        (byte)'S' => TarEntryKind.File,
        (byte)'1' => TarEntryKind.HardLink,
        (byte)'2' => TarEntryKind.Symlink,
        (byte)'3' => TarEntryKind.CharacterDevice,
        (byte)'4' => TarEntryKind.BlockDevice,
        (byte)'5' or (byte)'D' => TarEntryKind.Directory,
        (byte)'6' => TarEntryKind.Fifo,
        _ => throw new TarFormatException($"tar: a member of unknown type '{(char)type}'"),
    };

    private static byte[] HeaderName(ReadOnlySpan<byte> block)
    {
        var name = UntilNul(block[..100]);

        // Only POSIX's own magic ("ustar", NUL) has the prefix there; GNU's ("ustar ") keeps other things in its place.
        var prefix = block[257..263].SequenceEqual("ustar\0"u8) ? UntilNul(block[345..500]) : [];
        return prefix.IsEmpty ? name.ToArray() : [.. prefix, (byte)'/', .. name];
    }

    /// <summary>GNU's own form: four pieces in the header, then blocks of 21 while the last byte says so.</summary>
    private (IReadOnlyList<TarSegment> Segments, long Size) ReadOldSparseMap(ReadOnlySpan<byte> block)
    {
        var size = TarNumbers.Parse(block[483..495]);
        var segments = new List<TarSegment>();
        AddOldSegments(segments, block[386..482], 4);
        var more = block[482] != 0;
        while (more)
        {
            var next = ReadBlock(atStart: false);
            AddOldSegments(segments, next[..504], 21);
            more = next[504] != 0;
        }

        return (segments, size);
    }

    private static void AddOldSegments(List<TarSegment> segments, ReadOnlySpan<byte> map, int count)
    {
        for (var i = 0; i < count && map[i * 24] != 0; i++)
        {
            if (segments.Count >= MaximumSegments)
            {
                throw BadSparse();
            }

            segments.Add(new TarSegment(TarNumbers.Parse(map.Slice(i * 24, 12)), TarNumbers.Parse(map.Slice((i * 24) + 12, 12))));
        }
    }

    /// <summary>Format 1.0: decimal lines before the content, padded to whole blocks: how many pieces, then offset and length of each.</summary>
    private (IReadOnlyList<TarSegment> Segments, long Size) ReadSparseMapInContent(TarExtendedHeader extended)
    {
        var block = ReadOnlySpan<byte>.Empty;
        var count = NextLine(ref block);
        if (count > MaximumSegments)
        {
            throw BadSparse();
        }

        var segments = new List<TarSegment>((int)Math.Min(count, 1024));
        for (var i = 0L; i < count; i++)
        {
            var offset = NextLine(ref block);
            segments.Add(new TarSegment(offset, NextLine(ref block)));
        }

        return (segments, extended.SparseSize ?? throw BadSparse());
    }

    private long NextLine(ref ReadOnlySpan<byte> block)
    {
        Span<byte> digits = stackalloc byte[20];
        for (var length = 0; length < digits.Length; length++)
        {
            if (block.IsEmpty)
            {
                if (_contentLeft < BlockSize)
                {
                    throw BadSparse();
                }

                _contentLeft -= BlockSize;
                block = ReadBlock(atStart: false).ToArray();
            }

            var next = block[0];
            block = block[1..];
            if (next == (byte)'\n')
            {
                return TarNumbers.ParseDecimal(digits[..length]);
            }

            digits[length] = next;
        }

        throw BadSparse();
    }

    private void CheckSegments(IReadOnlyList<TarSegment> segments, long size)
    {
        var (end, stored) = (0L, 0L);
        foreach (var segment in segments)
        {
            if (segment.Offset < end || segment.Length < 0 || segment.Length > size - segment.Offset)
            {
                throw BadSparse();
            }

            end = segment.Offset + segment.Length;
            stored += segment.Length;
        }

        if (stored != _contentLeft)
        {
            throw BadSparse();
        }
    }

    private static List<TarSegment> Pair(IReadOnlyList<long> map)
    {
        if (map.Count % 2 != 0)
        {
            throw BadSparse();
        }

        var segments = new List<TarSegment>(map.Count / 2);
        for (var i = 0; i < map.Count; i += 2)
        {
            segments.Add(new TarSegment(map[i], map[i + 1]));
        }

        return segments;
    }

    private byte[] ReadExtension(ReadOnlySpan<byte> block)
    {
        var size = TarNumbers.Parse(block[124..136]);
        if (size is < 0 or > MaximumExtendedHeader)
        {
            throw new TarFormatException($"tar: an extended header of {size} bytes; {MaximumExtendedHeader} are allowed");
        }

        var content = new byte[size];
        for (var done = 0; done < content.Length;)
        {
            if (_start == _end)
            {
                Fill();
            }

            var piece = Math.Min(content.Length - done, _end - _start);
            _buffer.AsSpan(_start, piece).CopyTo(content.AsSpan(done));
            Advance(piece);
            done += piece;
        }

        Skip((BlockSize - (size % BlockSize)) % BlockSize);
        return content;
    }

    /// <returns>Empty at the end of the archive, where that may be.</returns>
    private ReadOnlySpan<byte> ReadBlock(bool atStart)
    {
        while (_end - _start < BlockSize)
        {
            if (_start > 0)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            var read = archive.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
            {
                return atStart && _end == _start ? [] : throw EndsEarly();
            }

            _end += read;
        }

        var block = _buffer.AsSpan(_start, BlockSize);
        Advance(BlockSize);
        return block;
    }

    private void SkipContent()
    {
        Skip(_contentLeft + _padding);
        (_contentLeft, _padding) = (0, 0);
    }

    private void Skip(long count)
    {
        while (count > 0)
        {
            if (_start == _end)
            {
                Fill();
            }

            var piece = (int)Math.Min(count, _end - _start);
            Advance(piece);
            count -= piece;
        }
    }

    private void Fill()
    {
        _start = 0;
        _end = archive.Read(_buffer, 0, _buffer.Length);
        if (_end == 0)
        {
            throw EndsEarly();
        }
    }

    private void Advance(int count)
    {
        _start += count;
        Position += count;
    }

    /// <summary>The sum of the header's bytes, its own field as spaces; some old writers summed signed bytes.</summary>
    private static void VerifyChecksum(ReadOnlySpan<byte> block)
    {
        var (unsigned, signed) = (0L, 0L);
        for (var i = 0; i < BlockSize; i++)
        {
            var value = i is >= 148 and < 156 ? (byte)' ' : block[i];
            unsigned += value;
            signed += (sbyte)value;
        }

        var expected = TarNumbers.Parse(block[148..156]);
        if (expected != unsigned && expected != signed)
        {
            throw new TarFormatException("tar: a header's checksum is wrong: not an archive, or a damaged one");
        }
    }

    private static uint Id(long id) => id is >= 0 and <= MaximumId ? (uint)id : throw new TarFormatException($"tar: the owner {id} is outside 0 to {MaximumId}");

    private static uint DeviceNumber(ReadOnlySpan<byte> field)
        => TarNumbers.Parse(field) is var number and >= 0 and <= uint.MaxValue ? (uint)number : throw new TarFormatException("tar: a device number is out of range");

    private static FileTime? Time((long Seconds, uint Nanoseconds)? time) => time is { } value ? new FileTime(value.Seconds, value.Nanoseconds) : null;

    private static ReadOnlySpan<byte> UntilNul(ReadOnlySpan<byte> field) => field.IndexOf((byte)0) is var end and >= 0 ? field[..end] : field;

    private static TarFormatException BadSparse() => new("tar: a sparse file's map is malformed");

    private static TarFormatException EndsEarly() => new("tar: unexpected end of the archive");

    private sealed class TarContentStream(LayerTarReader reader) : Stream
    {
        private byte[] _rest = [];
        private int _restStart;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (_restStart == _rest.Length)
            {
                var piece = reader.ReadContent(out _);
                var direct = Math.Min(piece.Length, buffer.Length);
                piece[..direct].CopyTo(buffer);
                (_rest, _restStart) = direct < piece.Length ? (piece[direct..].ToArray(), 0) : ([], 0);
                return direct;
            }

            var count = Math.Min(buffer.Length, _rest.Length - _restStart);
            _rest.AsSpan(_restStart, count).CopyTo(buffer);
            _restStart += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
