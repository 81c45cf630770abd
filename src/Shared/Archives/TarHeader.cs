using System.Globalization;
using System.Text;
using Berth.Shared.Linux;

namespace Berth.Shared.Archives;

/// <summary>Writes the headers of tar members: ustar, with a pax header before it for what ustar can't hold.</summary>
public static class TarHeader
{
    public const int BlockSize = 512;
    private const long LargestOctal11 = (1L << 33) - 1;
    private const uint LargestOctal7 = (1 << 21) - 1;

    /// <summary>The header blocks of a member; its content follows, padded to whole blocks (<see cref="Padding"/>).</summary>
    public static byte[] Encode(TarEntry entry)
    {
        var records = PaxRecords(entry);
        if (records.Length == 0)
        {
            return Header(entry.Name, entry, TypeOf(entry.Kind), ContentSize(entry));
        }

        var pax = new TarEntry { Name = "PaxHeaders/entry"u8.ToArray(), Kind = TarEntryKind.File, Permissions = 0x1A4, Modified = new FileTime(0, 0) };
        return
        [
            .. Header(pax.Name, pax, (byte)'x', records.Length), .. records, .. new byte[Padding(records.Length)],
            .. Header(entry.Name, entry, TypeOf(entry.Kind), ContentSize(entry)),
        ];
    }

    /// <summary>How many zeros follow content of this length.</summary>
    public static int Padding(long length) => (int)((BlockSize - (length % BlockSize)) % BlockSize);

    /// <summary>What ends an archive.</summary>
    public static byte[] End => new byte[2 * BlockSize];

    private static long ContentSize(TarEntry entry) => entry.Kind == TarEntryKind.File ? entry.Size : 0;

    private static byte[] Header(byte[] name, TarEntry entry, byte type, long size)
    {
        var block = new byte[BlockSize];
        Text(block.AsSpan(0, 100), name);
        Octal(block.AsSpan(100, 8), entry.Permissions & 0xFFF);
        Octal(block.AsSpan(108, 8), Math.Min(entry.Uid, LargestOctal7));
        Octal(block.AsSpan(116, 8), Math.Min(entry.Gid, LargestOctal7));
        Octal(block.AsSpan(124, 12), Math.Min(size, LargestOctal11));
        Octal(block.AsSpan(136, 12), Math.Clamp(entry.Modified.Seconds, 0, LargestOctal11));
        block[156] = type;
        Text(block.AsSpan(157, 100), entry.LinkTarget);
        "ustar\000"u8.CopyTo(block.AsSpan(257));
        Octal(block.AsSpan(329, 8), Math.Min(entry.DeviceMajor, LargestOctal7));
        Octal(block.AsSpan(337, 8), Math.Min(entry.DeviceMinor, LargestOctal7));
        block.AsSpan(148, 8).Fill((byte)' ');
        var sum = 0;
        foreach (var value in block)
        {
            sum += value;
        }

        Octal(block.AsSpan(148, 7), sum);
        return block;
    }

    private static byte[] PaxRecords(TarEntry entry)
    {
        using var records = new MemoryStream();
        if (entry.Name.Length > 100 || !Ascii.IsValid(entry.Name))
        {
            Record(records, "path"u8, entry.Name);
        }

        if (entry.LinkTarget.Length > 100 || !Ascii.IsValid(entry.LinkTarget))
        {
            Record(records, "linkpath"u8, entry.LinkTarget);
        }

        if (entry.Size > LargestOctal11)
        {
            Record(records, "size"u8, Decimal(entry.Size));
        }

        if (entry.Uid > LargestOctal7)
        {
            Record(records, "uid"u8, Decimal(entry.Uid));
        }

        if (entry.Gid > LargestOctal7)
        {
            Record(records, "gid"u8, Decimal(entry.Gid));
        }

        if (entry.Modified.Nanoseconds != 0 || entry.Modified.Seconds is < 0 or > LargestOctal11)
        {
            Record(records, "mtime"u8, Time(entry.Modified));
        }

        foreach (var (name, value) in entry.Attributes)
        {
            Record(records, [.. "SCHILY.xattr."u8, .. name], value);
        }

        return records.ToArray();
    }

    // The length counts itself: it is found by trying how many digits it takes.
    private static void Record(MemoryStream records, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var rest = key.Length + value.Length + 3; // space, equals sign, line end
        var length = rest + 1;
        while (length != rest + Decimal(length).Length)
        {
            length = rest + Decimal(length).Length;
        }

        records.Write(Decimal(length));
        records.Write(" "u8);
        records.Write(key);
        records.Write("="u8);
        records.Write(value);
        records.Write("\n"u8);
    }

    private static byte[] Decimal(long number) => Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture));

    private static byte[] Time(FileTime time)
    {
        // -0.25 s is kept as second -1 and 750,000,000 ns after it.
        var (sign, seconds, nanoseconds) = time.Seconds < 0 && time.Nanoseconds > 0
            ? ("-", -(time.Seconds + 1), 1_000_000_000 - time.Nanoseconds)
            : (time.Seconds < 0 ? "-" : "", Math.Abs(time.Seconds), time.Nanoseconds);
        return Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sign}{seconds}.{nanoseconds:D9}"));
    }

    private static void Text(Span<byte> field, ReadOnlySpan<byte> text) => text[..Math.Min(text.Length, field.Length)].CopyTo(field);

    private static void Octal(Span<byte> field, long number)
    {
        for (var i = field.Length - 2; i >= 0; i--)
        {
            field[i] = (byte)('0' + (number & 7));
            number >>= 3;
        }

        field[^1] = 0;
    }

    private static byte TypeOf(TarEntryKind kind) => kind switch
    {
        TarEntryKind.HardLink => (byte)'1',
        TarEntryKind.Symlink => (byte)'2',
        TarEntryKind.CharacterDevice => (byte)'3',
        TarEntryKind.BlockDevice => (byte)'4',
        TarEntryKind.Directory => (byte)'5',
        TarEntryKind.Fifo => (byte)'6',
        _ => (byte)'0',
    };
}
