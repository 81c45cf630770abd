using System.Globalization;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Berth.Daemon.Containers.Logs;

namespace Berth.Daemon.Tests.Containers.Logs;

public sealed class LogReadingTests : IDisposable
{
    private static readonly LogQuery Plain = new() { Framed = false };

    private readonly string directory = Directory.CreateTempSubdirectory("berth-test-").FullName;

    private string LogPath => Path.Combine(directory, "x-json.log");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("""{"log":"a\n","stream":"stdout","time":"2026-01-02T03:04:05.1Z"}""", "a\n")]
    [InlineData("""{"log":"\u003cq\u003e \"\\\t\u00e9\ud83d\ude00\ufffd\n","stream":"stdout","time":"2026-01-02T03:04:05Z"}""", "<q> \"\\\té😀\ufffd\n")]
    [InlineData("""{"time":"2026-01-02T03:04:05Z","x":[{}],"stream":"stdout","log":"any\n"}""", "any\n")]
    [InlineData("""{"log":"cut off""", "")]
    [InlineData("""{"log":"ends in escape\""", "")]
    [InlineData("", "")]
    [InlineData("garbage", "")]
    [InlineData("""{"log":"with attrs\n","stream":"stderr","attrs":{"a":"}\"","b":"2"},"time":"2026-01-02T03:04:05Z"}""", "with attrs\n")]
    public async Task Read_Line_GivesText(string line, string text)
    {
        File.WriteAllText(LogPath, line + "\n");

        Assert.Equal(text, await ReadAsync(Plain));
    }

    [Fact]
    public async Task Read_WithEverything_PutsFrameTimeAndAttributesBefore()
    {
        File.WriteAllText(LogPath, """{"log":"x\n","stream":"stderr","attrs":{"b":"2 3","a":"1"},"time":"2026-01-02T03:04:05.12Z"}""" + "\n");

        var output = await ReadAsync(new LogQuery { Timestamps = true, Details = true });

        var text = "2026-01-02T03:04:05.120000000Z a=1,b=2+3 x\n";
        Assert.Equal($"\u0002\0\0\0\0\0\0{(char)text.Length}{text}", output);
    }

    [Fact]
    public async Task Read_OneStream_LeavesTheOtherOut()
    {
        Write(LogPath, 0, 10);

        Assert.Equal("1 3 5 7 9 ", await ReadAsync(Plain with { Stdout = false }));
    }

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, "29 ")]
    [InlineData(10, "20 21 22 23 24 25 26 27 28 29 ")]
    [InlineData(12, "18 19 20 21 22 23 24 25 26 27 28 29 ")]
    [InlineData(22, "8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 ")]
    [InlineData(100, "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 ")]
    public async Task Read_Tail_CountsThroughRotatedFiles(int tail, string expected)
    {
        Write(LogPath + ".2", 0, 10);
        Compress(LogPath + ".2");
        Write(LogPath + ".1", 10, 20);
        Write(LogPath, 20, 30);

        Assert.Equal(expected, await ReadAsync(Plain with { Tail = tail }));
    }

    [Theory]
    [InlineData(0, 99)]
    [InlineData(5, 8)]
    [InlineData(12, 25)]
    [InlineData(29, 29)]
    [InlineData(40, 50)]
    public async Task Read_SinceUntil_GivesThatRange(int since, int until)
    {
        Write(LogPath + ".2", 0, 10);
        Compress(LogPath + ".2");
        Write(LogPath + ".1", 10, 20);
        Write(LogPath, 20, 30);

        var output = await ReadAsync(Plain with { SinceNano = Time(since), UntilNano = Time(until) });

        Assert.Equal(string.Concat(Enumerable.Range(0, 30).Where(n => n >= since && n <= until).Select(n => $"{n} ")), output);
    }

    [Fact]
    public async Task Read_SinceInLargeFile_StartsNearIt()
    {
        Write(LogPath, 0, 20_000);

        using var set = LogFileSet.TryOpen(LogPath);
        var (_, offset) = LogPosition.Find(set!, set!.Current.Length, Plain with { SinceNano = Time(15_000) });

        Assert.InRange(offset, set.Current.Length / 2, set.Current.Length);
        Assert.StartsWith("15000 15001 ", await ReadAsync(Plain with { SinceNano = Time(15_000) }), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_TailOfLargeFile_CrossesBlocks()
    {
        Write(LogPath, 0, 20_000);

        var output = await ReadAsync(Plain with { Tail = 5_000 });

        Assert.StartsWith("15000 ", output, StringComparison.Ordinal);
        Assert.EndsWith(" 19999 ", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cursor_WhileWrittenAndRotated_GivesEachLineOnce()
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        using var reader = new LogFileReader(Plain, pipe.Writer);
        using var cursor = new LogCursor(LogPath, Plain, reader);
        await cursor.CopyAsync(CancellationToken.None); // nothing is there yet

        Write(LogPath, 0, 3);
        await cursor.CopyAsync(CancellationToken.None);
        Write(LogPath, 3, 5);
        Rotate(compress: false);
        Write(LogPath, 5, 7);
        await cursor.CopyAsync(CancellationToken.None);
        Write(LogPath, 7, 8);
        Rotate(compress: false);
        Write(LogPath, 8, 9);
        Rotate(compress: false);
        Write(LogPath, 9, 10);
        await cursor.CopyAsync(CancellationToken.None);
        File.WriteAllText(LogPath, ""); // a log of one file is emptied when it is full
        await cursor.CopyAsync(CancellationToken.None);
        Write(LogPath, 10, 11);
        await cursor.CopyAsync(CancellationToken.None);

        await pipe.Writer.CompleteAsync();
        Assert.Equal("0 1 2 3 4 5 6 7 8 9 10 ", await new StreamReader(pipe.Reader.AsStream()).ReadToEndAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Read_UnfinishedLastLine_IsLeftForLater()
    {
        File.WriteAllText(LogPath, Line(1) + "\n" + Line(2)[..20]);

        Assert.Equal("1 ", await ReadAsync(Plain));
    }

    [Fact]
    public async Task Read_LineLongerThanAnyRecord_IsSkipped()
    {
        File.WriteAllText(LogPath, Line(1) + "\n" + new string('x', 9 << 20) + "\n" + Line(2) + "\n");

        Assert.Equal("1 2 ", await ReadAsync(Plain));
    }

    private async Task<string> ReadAsync(LogQuery query)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        using (var reader = new LogFileReader(query, pipe.Writer))
        using (var cursor = new LogCursor(LogPath, query, reader))
        {
            await cursor.CopyAsync(CancellationToken.None);
        }

        await pipe.Writer.CompleteAsync();
        using var text = new StreamReader(pipe.Reader.AsStream(), Encoding.UTF8);
        return await text.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    private static void Write(string path, int from, int to)
    {
        var text = new StringBuilder();
        for (var n = from; n < to; n++)
        {
            text.Append(Line(n)).Append('\n');
        }

        File.AppendAllText(path, text.ToString());
    }

    /// <summary>Record n is written at second n; even ones to stdout.</summary>
    private static string Line(int n)
        => $$"""{"log":"{{n}} ","stream":"{{(n % 2 == 0 ? "stdout" : "stderr")}}","time":"{{DateTimeOffset.UnixEpoch.AddSeconds(n).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)}}"}""";

    private static long Time(int n) => n * 1_000_000_000L;

    private void Rotate(bool compress)
    {
        for (var number = 5; number > 0; number--)
        {
            if (File.Exists($"{LogPath}.{number}"))
            {
                File.Move($"{LogPath}.{number}", $"{LogPath}.{number + 1}");
            }
        }

        File.Move(LogPath, LogPath + ".1");
        if (compress)
        {
            Compress(LogPath + ".1");
        }
    }

    private static void Compress(string path)
    {
        using (var output = new GZipStream(File.Create(path + ".gz"), CompressionLevel.Fastest))
        {
            output.Write(File.ReadAllBytes(path));
        }

        File.Delete(path);
    }
}
