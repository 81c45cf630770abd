using Berth.Daemon.Images.Content;

namespace Berth.Daemon.Tests.Images;

public sealed class ContentStreamTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public async Task ReadGrowingFile_WhileItGrows_WaitsForMore()
    {
        using var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        var file = new GrowingFile(handle, 0);
        await using var reader = file.OpenRead(TestContext.Current.CancellationToken);
        var reading = Task.Run(() =>
        {
            using var copy = new MemoryStream();
            reader.CopyTo(copy);
            return copy.ToArray();
        });

        for (var i = 0; i < 100; i++)
        {
            file.Append([(byte)i, (byte)i]);
        }

        file.Complete(failure: null);

        Assert.Equal(Enumerable.Range(0, 100).SelectMany(i => new[] { (byte)i, (byte)i }), await reading);
    }

    [Fact]
    public async Task ReadGrowingFile_WhenTheWriterFails_Fails()
    {
        using var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        var file = new GrowingFile(handle, 0);
        await using var reader = file.OpenRead(TestContext.Current.CancellationToken);
        var reading = Task.Run(() => reader.ReadByte());

        file.Complete(new InvalidOperationException("cut"));

        Assert.Equal("cut", (await Assert.ThrowsAsync<IOException>(() => reading)).InnerException!.Message);
    }

    [Fact]
    public async Task ReadGrowingFile_WhenCancelled_Ends()
    {
        using var handle = File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite);
        using var cancel = new CancellationTokenSource();
        await using var reader = new GrowingFile(handle, 0).OpenRead(cancel.Token);
        var reading = Task.Run(() => reader.ReadByte());

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
    }

    [Fact]
    public void ReadAhead_OfALongStream_GivesItWholeAndObservesIt()
    {
        var source = new byte[5_000_001];
        new Random(2).NextBytes(source);
        using var observed = new MemoryStream();
        using var copy = new MemoryStream();

        using (var ahead = new ReadAheadStream(new MemoryStream(source), "test", piece => observed.Write(piece.Span)))
        {
            ahead.CopyTo(copy, 1000);
        }

        Assert.Equal(source, copy.ToArray());
        Assert.Equal(source, observed.ToArray());
    }

    [Fact]
    public void ReadAhead_WhenDisposedEarly_Stops()
    {
        var ahead = new ReadAheadStream(new MemoryStream(new byte[50_000_000]), "test", _ => { });

        ahead.ReadByte();
        ahead.Dispose();
    }

    [Fact]
    public void OpenCompressed_ByFirstBytes_TellsTheKind()
    {
        using var gzip = new MemoryStream();
        using (var packer = new System.IO.Compression.GZipStream(gzip, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            packer.Write("hello"u8);
        }

        using var zstd = new MemoryStream();
        using (var packer = new ZstdSharp.CompressionStream(zstd, leaveOpen: true))
        {
            packer.Write("hello"u8);
        }

        // Several members one after the other are one stream, as parallel packers write them.
        byte[] twice = [.. gzip.ToArray(), .. gzip.ToArray()];
        foreach (var (packed, kind, text) in new[]
        {
            (gzip.ToArray(), CompressionKind.Gzip, "hello"), (zstd.ToArray(), CompressionKind.Zstd, "hello"), (twice, CompressionKind.Gzip, "hellohello"), ("hi"u8.ToArray(), CompressionKind.None, "hi"),
        })
        {
            var (unpacked, found) = Compression.Open(new MemoryStream(packed));

            Assert.Equal(kind, found);
            Assert.Equal(text, new StreamReader(unpacked).ReadToEnd());
        }
    }
}
