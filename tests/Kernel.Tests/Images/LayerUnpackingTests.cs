using System.Text;
using Berth.Daemon.Images.Snapshots;
using Berth.Kit;
using Berth.Shared.Archives;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Kernel.Tests.Images;

public sealed class LayerUnpackingTests : IDisposable
{
    private readonly ImageStoreFixture _store = new();
    private readonly TemporaryDirectory _scratch = new();
    private readonly List<string> _chain = [];

    public LayerUnpackingTests() => Assert.SkipUnless(Host.IsRoot, "needs root: device nodes, owners, trusted attributes");

    public void Dispose()
    {
        _store.Dispose();
        _scratch.Dispose();
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static (TarEntry, string) File(string name, string content = "", uint mode = 0x1A4, uint uid = 0, params (string, byte[])[] attributes) => (new TarEntry
    {
        Name = Bytes(name),
        Kind = TarEntryKind.File,
        Size = content.Length,
        Permissions = mode,
        Uid = uid,
        Gid = uid,
        Modified = new FileTime(1_000_000_000, 123_456_789),
        Attributes = [.. attributes.Select(attribute => (Bytes(attribute.Item1), attribute.Item2))],
    }, content);

    private static (TarEntry, string) Dir(string name, uint mode = 0x1ED, uint uid = 0)
        => (new TarEntry { Name = Bytes(name), Kind = TarEntryKind.Directory, Permissions = mode, Uid = uid, Gid = uid, Modified = new FileTime(1_000_000_001, 5) }, "");

    private static (TarEntry, string) Link(string name, string target) => (new TarEntry { Name = Bytes(name), Kind = TarEntryKind.Symlink, LinkTarget = Bytes(target) }, "");

    private static (TarEntry, string) Hard(string name, string target) => (new TarEntry { Name = Bytes(name), Kind = TarEntryKind.HardLink, LinkTarget = Bytes(target) }, "");

    private static byte[] Archive(params (TarEntry Entry, string Content)[] members)
        => [.. members.SelectMany(member => (byte[])[.. TarHeader.Encode(member.Entry), .. Bytes(member.Content), .. new byte[TarHeader.Padding(member.Content.Length)]]), .. TarHeader.End];

    /// <summary>Unpacks a layer above those before it.</summary>
    /// <returns>Its directory.</returns>
    private async Task<string> LayerAsync(params (TarEntry, string)[] members) => await LayerAsync(Archive(members));

    private async Task<string> LayerAsync(byte[] archive)
    {
        var unpacker = _store.Get<LayerUnpacker>();
        var incoming = await unpacker.UnpackAsync(new MemoryStream(archive), archive.Length, copy: null, CancellationToken.None);
        var chainId = Berth.Shared.References.Digest.OfSha256(Bytes($"{_chain.Count} {incoming.DiffId}")).ToString();
        unpacker.Complete(incoming, chainId, [.. Enumerable.Reverse(_chain)]);
        _chain.Add(chainId);
        return _store.Get<SnapshotService>().DiffDirectory(chainId);
    }

    private SortedDictionary<string, string> Merged()
    {
        SortedDictionary<string, string>? list = null;
        FileTree.Merged([.. Enumerable.Reverse(_chain).Select(_store.Get<SnapshotService>().DiffDirectory)], _scratch.Path, root => list = FileTree.List(root));
        return list!;
    }

    [Fact]
    public async Task Unpack_OfAFile_KeepsAllItHas()
    {
        byte[] capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        var root = await LayerAsync(Dir("./", 0x1C0, 3), File("bin/tool", "hello", 0x9ED, 12, ("security.capability", capability), ("user.note", [0, 0xFF])));

        var list = FileTree.List(root);

        Assert.StartsWith("40700 3:3", list["."], StringComparison.Ordinal);
        Assert.StartsWith("104755 12:12 1000000000.123456789 5 links 1", list["/bin/tool"], StringComparison.Ordinal);
        Assert.EndsWith($"security.capability={Convert.ToHexString(capability)},user.note=00FF", list["/bin/tool"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unpack_OfForeignAttributes_LeavesThemOut()
    {
        var root = await LayerAsync(Dir("d"), File("d/f", "", 0x1A4, 0, ("trusted.overlay.redirect", Bytes("/etc")), ("user.overlay.metacopy", []), ("security.selinux", Bytes("x")), ("trusted.x", Bytes("y"))));

        using var directory = TreeFiles.OpenDirectory(Path.Combine(root, "d"));
        Assert.Empty(TreeFiles.ReadAttributes(directory, "f"u8));
    }

    [Fact]
    public async Task Unpack_OfWhiteouts_HidesWhatIsBelow()
    {
        await LayerAsync(Dir("a"), File("a/1"), File("a/2"), Dir("b"), File("b/1"), Dir("c"), File("c/1"), File("gone"));
        await LayerAsync(File("a/.wh.1"), File(".wh.gone"), Dir("b"), File("b/.wh..wh..opq"), File("b/new"), File(".wh.c"), Dir("c"), File("c/2"), File(".wh.never"));

        Assert.Equal(["/a", "/a/2", "/b", "/b/new", "/c", "/c/2"], Merged().Keys.Where(path => path != "."));
    }

    [Fact]
    public async Task Unpack_OfAWhiteoutAfterItsSibling_KeepsTheSibling()
    {
        await LayerAsync(Dir("c"), File("c/old"), File("f", "old"));
        await LayerAsync(Dir("c"), File("c/new"), File(".wh.c"), File("f", "new!"), File(".wh.f"));

        var merged = Merged();

        Assert.Equal(["/c", "/c/new", "/f"], merged.Keys.Where(path => path != "."));
        Assert.Contains(" 4 links", merged["/f"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unpack_WithoutParentDirectories_TakesTheirAttributesFromBelow()
    {
        await LayerAsync(Dir("./", 0x1C9, 4), Dir("tmp", 0x3FF, 7), Dir("tmp/in", 0x1C0, 8));
        await LayerAsync(File("tmp/in/new", "x"), File("fresh/file"));

        var merged = Merged();

        Assert.StartsWith("40711 4:4", merged["."], StringComparison.Ordinal);
        Assert.StartsWith("41777 7:7 1000000001.000000005", merged["/tmp"], StringComparison.Ordinal);
        Assert.StartsWith("40700 8:8", merged["/tmp/in"], StringComparison.Ordinal);
        Assert.StartsWith("40755 0:0", merged["/fresh"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unpack_ThroughALinkBelow_LandsWhereItLeads()
    {
        await LayerAsync(Dir("usr"), Dir("usr/lib", 0x1ED, 5), File("usr/lib/old"), Link("lib", "usr/lib"), Link("abs", "/usr/lib"), Link("dangling", "nowhere"));
        await LayerAsync(File("lib/new", "n"), File("abs/sub/deep", "d"), File("dangling/x"));

        var merged = Merged();

        Assert.StartsWith("120777", merged["/lib"], StringComparison.Ordinal);
        Assert.StartsWith("120777", merged["/abs"], StringComparison.Ordinal);
        Assert.Contains("/usr/lib/old", merged.Keys);
        Assert.Contains("/usr/lib/new", merged.Keys);
        Assert.Contains("/usr/lib/sub/deep", merged.Keys);
        Assert.StartsWith("40755 5:5", merged["/usr/lib"], StringComparison.Ordinal);
        Assert.StartsWith("40755", merged["/dangling"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unpack_OfAHardLinkToBelow_CopiesUpAndLinks()
    {
        await LayerAsync(Dir("d", 0x1C0, 9), File("d/f", "content", 0x1ED, 6));
        await LayerAsync(Hard("other/g", "d/f"));

        var merged = Merged();

        Assert.Equal(merged["/d/f"], merged["/other/g"]);
        Assert.StartsWith("100755 6:6 1000000000.123456789 7 links 2", merged["/d/f"], StringComparison.Ordinal);
        Assert.StartsWith("40700 9:9", merged["/d"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unpack_OfDuplicates_TakesTheLast()
    {
        var root = await LayerAsync(File("a", "first"), File("a", "second!"), Dir("b"), File("b/x"), File("b", "now a file"), Link("c", "/etc"), Dir("c"), File("c/f"), File("d"), Dir("d"));

        var list = FileTree.List(root);

        Assert.Contains(" 7 links", list["/a"], StringComparison.Ordinal);
        Assert.StartsWith("100644", list["/b"], StringComparison.Ordinal);
        Assert.StartsWith("40755", list["/c"], StringComparison.Ordinal);
        Assert.Contains("/c/f", list.Keys);
        Assert.StartsWith("40755", list["/d"], StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists("/etc/f"));
    }

    [Fact]
    public async Task Unpack_OfWhatGnuTarWrote_EqualsTheTree()
    {
        Assert.SkipWhen(Host.Find("tar") is null, "needs tar");
        var source = _scratch["source"];
        Directory.CreateDirectory(Path.Combine(source, new string('d', 120), new string('e', 120)));
        await System.IO.File.WriteAllTextAsync(Path.Combine(source, new string('d', 120), new string('e', 120), "deep"), "deep");
        FileTree.Run("truncate", "-s", "3M", Path.Combine(source, "sparse"));
        using (var sparse = System.IO.File.OpenHandle(Path.Combine(source, "sparse"), FileMode.Open, FileAccess.Write))
        {
            RandomAccess.Write(sparse, "middle"u8, 1_500_000);
            RandomAccess.Write(sparse, "end"u8, (3 << 20) - 3);
        }

        FileTree.Run("mkfifo", Path.Combine(source, "fifo"));
        FileTree.Run("mknod", Path.Combine(source, "null"), "c", "1", "3");
        FileTree.Run("ln", Path.Combine(source, "sparse"), Path.Combine(source, "hard"));
        FileTree.Run("chmod", "2775", source);
        foreach (var format in new[] { new[] { "--format=gnu" }, ["--format=gnu", "--sparse"], ["--format=pax"], ["--format=pax", "--sparse", "--sparse-version=0.0"], ["--format=pax", "--sparse", "--sparse-version=0.1"], ["--format=pax", "--sparse", "--sparse-version=1.0"] })
        {
            _chain.Clear();
            var archive = _scratch[$"{string.Join("", format)}.tar"];
            FileTree.Run("tar", [.. format, "--numeric-owner", "-C", source, "-cf", archive, "."]);

            var root = await LayerAsync(await System.IO.File.ReadAllBytesAsync(archive));

            var (expected, actual) = (FileTree.List(source), FileTree.List(root));
            if (format[0] == "--format=gnu")
            {
                // That format has whole seconds only.
                (expected, actual) = (WithoutFractions(expected), WithoutFractions(actual));
            }

            Assert.Equal(expected, actual);
            using var directory = TreeFiles.OpenDirectory(root);
            Assert.True(format.Length == 1 || TreeFiles.TryStatus(directory, "sparse"u8)!.Value.Blocks < 1000, "holes stay holes");
        }
    }

    public static TheoryData<string, byte[]> Hostile => new()
    {
        { "parent", Archive(File("../escape", "x")) },
        { "parent in the middle", Archive(File("a/../../escape", "x")) },
        { "hard link out", Archive(Hard("x", "../../../etc/passwd")) },
        { "hard link to nothing", Archive(Hard("x", "etc/passwd")) },
        { "hard link to a directory", Archive(Dir("d"), Hard("x", "d")) },
        { "hard link to itself", Archive(File("x"), Hard("x", "x")) },
        { "file as a parent", Archive(File("f"), File("f/below")) },
        { "loop of links", Archive(Link("a", "b"), Link("b", "a"), File("a/x")) },
        { "empty link", Archive(Link("a", "")) },
        { "whiteout of nothing", Archive(File(".wh.")) },
        { "whiteout of the parent", Archive(File("a/.wh...")) },
        { "name too long", Archive(File(new string('n', 300))) },
        { "root is a file", Archive(File(".")) },
        { "cut", Archive(File("f", new string('x', 2000)))[..1000] },
        { "not an archive", Bytes(new string('z', 4096)) },
        { "gzip cut", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0] },
        { "zstd nonsense", [0x28, 0xB5, 0x2F, 0xFD, 1, 2, 3] },
        { "xz", [0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, 1, 2] },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task Unpack_OfAHostileArchive_RefusesAndLeavesNothing(string what, byte[] archive)
    {
        var error = await Assert.ThrowsAsync<EngineException>(() => LayerAsync(archive));

        Assert.Equal(ErrorKind.InvalidArgument, error.Kind);
        Assert.StartsWith("the layer can't be unpacked: ", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Leftovers());
        Assert.NotEmpty(what);
    }

    [Fact]
    public async Task Unpack_ThroughLinksThatLeadOut_StaysInside()
    {
        var outside = _scratch["outside"];
        Directory.CreateDirectory(outside);
        var root = await LayerAsync(
            Link("abs", outside), File("abs/one", "x"), Link("up", "../../../../../../../.." + outside), File("up/two", "x"), Link("magic", "/proc/self/root"), File("magic/three", "x"),
            Link("victim", outside + "/file"), File("victim", "replaced"), Hard("linked", "victim"), Dir("up2"), Link("up2/l", ".."), File("up2/l/../../four", "x"));

        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        Assert.False(System.IO.File.Exists("/three"));
        Assert.True(System.IO.File.Exists(root + outside + "/one"));
        Assert.True(System.IO.File.Exists(root + outside + "/two"));
        Assert.Equal("replaced", await System.IO.File.ReadAllTextAsync(Path.Combine(root, "linked")));
    }

    [Fact]
    public async Task Unpack_OfABomb_IsRefused()
    {
        // A stream that says it came from 100 bytes and never ends.
        await using var endless = new EndlessArchive();

        var error = await Assert.ThrowsAsync<EngineException>(() => _store.Get<LayerUnpacker>().UnpackAsync(endless, 100, copy: null, CancellationToken.None));

        Assert.Contains("250-fold", error.Message, StringComparison.Ordinal);
        Assert.Empty(_store.Leftovers());
    }

    [Fact]
    public async Task Unpack_WhenCancelled_LeavesNothing()
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _store.Get<LayerUnpacker>().UnpackAsync(new MemoryStream(Archive(File("a"))), 10, null, cancel.Token));

        Assert.Empty(_store.Leftovers());
    }

    private static SortedDictionary<string, string> WithoutFractions(SortedDictionary<string, string> list)
        => new(list.ToDictionary(pair => pair.Key, pair => System.Text.RegularExpressions.Regex.Replace(pair.Value, @"\.\d{9} ", " ")), StringComparer.Ordinal);

    /// <summary>One member of a gigantic size that leaves no file, so that no disk fills.</summary>
    private sealed class EndlessArchive : Stream
    {
        private readonly byte[] _header = TarHeader.Encode(new TarEntry { Name = ".wh..wh.skipped"u8.ToArray(), Kind = TarEntryKind.File, Size = 8L << 30 });
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => _position; set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var fromHeader = (int)Math.Clamp(_header.Length - _position, 0, count);
            _header.AsSpan((int)Math.Min(_position, _header.Length), fromHeader).CopyTo(buffer.AsSpan(offset));
            _position += fromHeader > 0 ? fromHeader : count;
            return fromHeader > 0 ? fromHeader : count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
