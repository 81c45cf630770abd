using System.Text;
using Berth.Shared.Archives;
using Berth.Shared.Linux;

namespace Berth.Shared.Tests.Archives;

public sealed class LayerTarReaderTests
{
    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static LayerTarReader Read(params byte[][] parts) => new(new MemoryStream(parts.SelectMany(part => part).ToArray()));

    private static byte[] Member(TarEntry entry, string content = "")
        => [.. TarHeader.Encode(entry), .. Bytes(content), .. new byte[TarHeader.Padding(content.Length)]];

    private static TarEntry File(string name, string content) => new() { Name = Bytes(name), Kind = TarEntryKind.File, Size = content.Length, Permissions = 0x1A4 };

    /// <summary>A ustar header by hand, for what the writer never writes.</summary>
    private static byte[] Raw(string name, char type, long size, Action<byte[]>? change = null)
    {
        var block = TarHeader.Encode(new TarEntry { Name = Bytes(name), Kind = TarEntryKind.File, Size = size, Permissions = 0x1A4 });
        block[156] = (byte)type;
        change?.Invoke(block);
        block.AsSpan(148, 8).Fill((byte)' ');
        Bytes(Convert.ToString(block.Sum(value => value), 8).PadLeft(6, '0') + "\0 ").CopyTo(block.AsSpan(148));
        return block;
    }

    private static byte[] Padded(string content) => [.. Bytes(content), .. new byte[TarHeader.Padding(Bytes(content).Length)]];

    private static string Pax(params string[] records) => string.Concat(records.Select(record =>
    {
        var length = record.Length + 2;
        while (length != record.Length + 2 + $"{length}".Length)
        {
            length = record.Length + 2 + $"{length}".Length;
        }

        return $"{length} {record}\n";
    }));

    [Fact]
    public void Next_OfWhatTheWriterWrote_GivesItBack()
    {
        var entry = new TarEntry
        {
            Name = [.. Bytes("etc/"), 0xFF, 0xFE],
            Kind = TarEntryKind.File,
            Permissions = 0x9ED,
            Uid = 3_000_000,
            Gid = 7,
            Size = 5,
            Modified = new FileTime(-2, 750_000_000),
            Attributes = [(Bytes("security.capability"), [0, 1, 2, 0xFF, (byte)'\n', (byte)'='])],
        };

        var reader = Read(Member(entry, "hello"), TarHeader.End);
        var read = reader.Next();

        Assert.NotNull(read);
        Assert.Equal(entry.Name, read.Name);
        Assert.Equal(entry.Permissions, read.Permissions);
        Assert.Equal((3_000_000u, 7u), (read.Uid, read.Gid));
        Assert.Equal(entry.Modified, read.Modified);
        Assert.Equal(entry.Attributes[0].Value, Assert.Single(read.Attributes).Value);
        Assert.Equal("hello", Encoding.UTF8.GetString(reader.ReadAll(100)));
        Assert.Null(reader.Next());
    }

    [Fact]
    public void Next_AfterUnreadContent_SkipsIt()
    {
        var reader = Read(Member(File("a", new string('x', 300_000)), new string('x', 300_000)), Member(File("b", "y"), "y"), TarHeader.End);

        reader.Next();
        var second = reader.Next();

        Assert.Equal("b", Encoding.UTF8.GetString(second!.Name));
        Assert.Equal("y", Encoding.UTF8.GetString(reader.ReadAll(1)));
    }

    [Fact]
    public void Next_OfGnuLongNames_JoinsThem()
    {
        var name = new string('n', 300);
        var target = new string('t', 200);
        var reader = Read(
            Raw("././@LongLink", 'L', 301), Padded(name + "\0"),
            Raw("././@LongLink", 'K', 201), Padded(target + "\0"),
            Raw("short", '2', 0));

        var entry = reader.Next();

        Assert.Equal(name, Encoding.UTF8.GetString(entry!.Name));
        Assert.Equal(target, Encoding.UTF8.GetString(entry.LinkTarget));
        Assert.Equal(TarEntryKind.Symlink, entry.Kind);
    }

    [Fact]
    public void Next_OfUstarPrefix_PutsItBefore()
    {
        var reader = Read(Raw("name", '0', 0, block => Bytes("some/where").CopyTo(block.AsSpan(345))));

        Assert.Equal("some/where/name", Encoding.UTF8.GetString(reader.Next()!.Name));
    }

    [Fact]
    public void Next_OfBase256Numbers_ReadsThem()
    {
        var reader = Read(Raw("f", '5', 0, block =>
        {
            byte[] uid = [0x80, 0, 0, 0, 0x40, 0, 0, 0];
            byte[] mtime = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE];
            uid.CopyTo(block.AsSpan(108));
            mtime.CopyTo(block.AsSpan(136));
        }));

        var entry = reader.Next()!;

        Assert.Equal(0x40000000u, entry.Uid);
        Assert.Equal(-2, entry.Modified.Seconds);
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("2\n10\n3\n99998\n2\n", true)]
    public void Next_OfPaxSparseFiles_GivesThePieces(string map, bool hasMapInContent)
    {
        var records = hasMapInContent
            ? Pax("GNU.sparse.major=1", "GNU.sparse.minor=0", "GNU.sparse.realsize=100000", "GNU.sparse.name=big")
            : Pax("GNU.sparse.size=100000", "GNU.sparse.map=10,3,99998,2");
        var content = (hasMapInContent ? Encoding.UTF8.GetString(Padded(map)) : "") + "abcde";
        var reader = Read(Raw("x", 'x', records.Length), Padded(records), Raw("big", '0', content.Length), Padded(content), TarHeader.End);

        var entry = reader.Next()!;
        var first = Encoding.UTF8.GetString(reader.ReadContent(out var firstOffset));
        var second = Encoding.UTF8.GetString(reader.ReadContent(out var secondOffset));

        Assert.Equal("big", Encoding.UTF8.GetString(entry.Name));
        Assert.Equal(100000, entry.Size);
        Assert.Equal(("abc", 10L), (first, firstOffset));
        Assert.Equal(("de", 99998L), (second, secondOffset));
        Assert.True(reader.ReadContent(out _).IsEmpty);
        Assert.Null(reader.Next());
    }

    [Fact]
    public void Next_OfOldGnuSparseFile_GivesThePieces()
    {
        var reader = Read(
            Raw("old", 'S', 4, block =>
            {
                Bytes("00000000005\000000000002\0").CopyTo(block.AsSpan(386));
                block[482] = 1;
                Bytes("00000000400\0").CopyTo(block.AsSpan(483));
                Bytes("ustar  \0").CopyTo(block.AsSpan(257));
            }),
            [.. Bytes("00000000100\000000000002\0"), .. new byte[488]],
            Padded("wxyz"));

        var entry = reader.Next()!;
        var first = Encoding.UTF8.GetString(reader.ReadContent(out var firstOffset));
        var second = Encoding.UTF8.GetString(reader.ReadContent(out var secondOffset));

        Assert.Equal(256, entry.Size);
        Assert.Equal(("wx", 5L), (first, firstOffset));
        Assert.Equal(("yz", 64L), (second, secondOffset));
    }

    [Fact]
    public void Next_OfLibarchiveAttributes_DecodesThem()
    {
        var records = Pax("LIBARCHIVE.xattr.user.a%3Db=AAH/");
        var reader = Read(Raw("x", 'x', records.Length), Padded(records), Raw("f", '0', 0));

        var (name, value) = Assert.Single(reader.Next()!.Attributes);

        Assert.Equal("user.a=b", Encoding.UTF8.GetString(name));
        Assert.Equal([0, 1, 0xFF], value);
    }

    public static TheoryData<string, byte[]> Malformed => new()
    {
        { "checksum", Corrupt(Raw("f", '0', 0), 5) },
        { "no archive", Enumerable.Range(0, 512).Select(i => (byte)(i * 7)).ToArray() },
        { "cut in header", Raw("f", '0', 0)[..200] },
        { "cut in content", [.. Raw("f", '0', 1000), .. new byte[100]] },
        { "unknown type", Raw("f", 'Q', 0) },
        { "pax length lies", [.. Raw("x", 'x', 12), .. Padded("99 path=abc\n"), .. Raw("f", '0', 0)] },
        { "pax without equals", [.. Raw("x", 'x', 8), .. Padded("8 pathX\n"), .. Raw("f", '0', 0)] },
        { "pax huge", Raw("x", 'x', 5_000_000) },
        { "name too long", [.. Raw("l", 'L', 5000), .. Padded(new string('a', 5000)), .. Raw("f", '0', 0)] },
        { "nul in name", [.. Raw("x", 'x', 13), .. Padded("13 path=a\0bc\n"), .. Raw("f", '0', 0)] },
        { "uid beyond 31 bits", [.. Raw("x", 'x', 18), .. Padded("18 uid=4294967295\n"), .. Raw("f", '0', 0)] },
        { "ends after extension", [.. Raw("x", 'x', 10), .. Padded("10 path=a\n"), .. new byte[1024]] },
        { "sparse map overlaps", Sparse("GNU.sparse.size=10", "GNU.sparse.map=5,3,4,1") },
        { "sparse beyond end", Sparse("GNU.sparse.size=10", "GNU.sparse.map=8,4") },
        { "sparse sums wrong", Sparse("GNU.sparse.size=10", "GNU.sparse.map=0,3") },
        { "octal nonsense", Raw("f", '0', 0, block => Bytes("99999999999\0").CopyTo(block.AsSpan(124))) },
    };

    [Theory]
    [MemberData(nameof(Malformed))]
    public void Next_OfMalformedArchive_SaysSo(string what, byte[] archive)
    {
        var reader = Read(archive);

        var error = Assert.Throws<TarFormatException>(() =>
        {
            while (reader.Next() is not null)
            {
                while (!reader.ReadContent(out _).IsEmpty)
                {
                }
            }
        });

        Assert.StartsWith("tar: ", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(what);
    }

    [Fact]
    public void Next_OfRandomBytes_NeverDoesAnythingElse()
    {
        var random = new Random(1);
        var seed = Member(File("abc", "content"), "content");
        for (var round = 0; round < 5000; round++)
        {
            var archive = (byte[])[.. seed, .. seed, .. new byte[1024]];
            for (var flips = random.Next(1, 6); flips > 0; flips--)
            {
                archive[random.Next(archive.Length)] = (byte)random.Next(256);
            }

            FixChecksum(archive);
            try
            {
                var reader = Read(archive);
                while (reader.Next() is { } entry)
                {
                    Assert.True(entry.Name.Length <= 4096);
                    while (!reader.ReadContent(out _).IsEmpty)
                    {
                    }
                }
            }
            catch (TarFormatException)
            {
            }
        }
    }

    private static byte[] Corrupt(byte[] archive, int at)
    {
        archive[at] ^= 0x55;
        return archive;
    }

    private static byte[] Sparse(params string[] records)
        => [.. Raw("x", 'x', Pax(records).Length), .. Padded(Pax(records)), .. Raw("f", '0', 4), .. Padded("abcd")];

    private static void FixChecksum(byte[] archive)
    {
        archive.AsSpan(148, 8).Fill((byte)' ');
        Bytes(Convert.ToString(archive[..512].Sum(value => value), 8).PadLeft(6, '0') + "\0 ").CopyTo(archive.AsSpan(148));
    }
}
