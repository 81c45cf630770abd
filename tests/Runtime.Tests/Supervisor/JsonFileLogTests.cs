using System.Text;
using System.Text.Json;
using Berth.Runtime.Supervisor.Logging;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Tests.Supervisor;

public sealed class JsonFileLogTests : IDisposable
{
    private static readonly DateTimeOffset time = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly string directory = Directory.CreateTempSubdirectory("berth-log-").FullName;

    private string LogPath => Path.Combine(directory, "c-json.log");

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("tab\tquote\"back\\slash", "tab\\u0009quote\\\"back\\\\slash")]
    [InlineData("<a href='x'>&", "\\u003ca href='x'\\u003e\\u0026")]
    [InlineData("cr\r\u001b[0m\u0000\u007f", "cr\\r\\u001b[0m\\u0000\u007f")]
    [InlineData("grün 漢字 🐳", "grün 漢字 🐳")]
    [InlineData("a\u2028b\u2029c", "a\\u2028b\\u2029c")]
    [InlineData("â€ not a separator", "â€ not a separator")]
    public void Write_OfText_EscapesAsGoDoes(string text, string escaped)
    {
        var line = Log(Encoding.UTF8.GetBytes(text + "\n"));

        Assert.Equal($"{{\"log\":\"{escaped}\\n\",\"stream\":\"stdout\",\"time\":\"2026-01-02T03:04:05Z\"}}\n", line);
    }

    [Theory]
    [InlineData(new byte[] { 0xff }, "\\ufffd")]
    [InlineData(new byte[] { 0x61, 0xc3, 0x62 }, "a\\ufffdb")]
    [InlineData(new byte[] { 0xe2, 0x80 }, "\\ufffd\\ufffd")]
    [InlineData(new byte[] { 0xed, 0xa0, 0x80 }, "\\ufffd\\ufffd\\ufffd")]
    [InlineData(new byte[] { 0xc3, 0xbc, 0xff, 0xc3, 0xbc }, "ü\\ufffdü")]
    public void Write_OfWhatIsNoUtf8_ReplacesByteByByte(byte[] bytes, string escaped)
        => Assert.StartsWith($"{{\"log\":\"{escaped}\\n\"", Log([.. bytes, (byte)'\n']), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "05Z")]
    [InlineData(1, "05.0000001Z")]
    [InlineData(1_000_000, "05.1Z")]
    [InlineData(9_999_999, "05.9999999Z")]
    public void Time_HasAsManyDecimalsAsNeeded(int ticks, string end)
    {
        var stamp = new LogTimestamp();
        stamp.Set(time);

        stamp.Set(time.AddTicks(ticks));

        Assert.Equal("2026-01-02T03:04:" + end, Encoding.UTF8.GetString(stamp.Text));
    }

    [Theory]
    [InlineData(16383, new[] { 16384 })]
    [InlineData(16384, new[] { 16384, 1 })]
    [InlineData(40000, new[] { 16384, 16384, 7233 })]
    public void Write_OfALongLine_CutsItAt16KiB(int length, int[] parts)
    {
        var text = new string('x', length) + "\n";

        var logged = Lines(Log(Encoding.UTF8.GetBytes(text)));

        Assert.Equal(parts, logged.Select(part => part.Length));
        Assert.Equal(text, string.Concat(logged));
    }

    [Fact]
    public void Write_InAnyPieces_GivesTheSameText()
    {
        var random = new Random(7);
        var text = string.Concat(Enumerable.Range(0, 3000).Select(i => new string((char)('a' + (i % 26)), random.Next(0, i % 100 == 0 ? 40_000 : 120)) + "\n"));
        var bytes = Encoding.UTF8.GetBytes(text + "end");
        using (var log = Open(new ContainerLogTarget { Path = LogPath }))
        {
            for (var at = 0; at < bytes.Length;)
            {
                var piece = Math.Min(random.Next(1, 70_000), bytes.Length - at);
                log.Write(OutputKind.Stdout, bytes.AsSpan(at, piece), time);
                at += piece;
            }

            log.End(OutputKind.Stdout, time);
            Assert.Equal(new FileInfo(LogPath).Length, log.Size);
        }

        Assert.Equal(text + "end", string.Concat(Lines(File.ReadAllText(LogPath))));
    }

    [Fact]
    public void Write_WithAttributes_PutsThemInEachLine_Sorted()
    {
        using (var log = Open(new ContainerLogTarget { Path = LogPath, Attributes = new() { ["tag"] = "a\"b", ["env"] = "<x>" } }))
        {
            log.Write(OutputKind.Stderr, "e\n"u8, time);
        }

        Assert.Equal(
            "{\"log\":\"e\\n\",\"stream\":\"stderr\",\"attrs\":{\"env\":\"\\u003cx\\u003e\",\"tag\":\"a\\\"b\"},\"time\":\"2026-01-02T03:04:05Z\"}\n",
            File.ReadAllText(LogPath));
    }

    [Fact]
    public void Open_AfterAWriteThatWasCutOff_BeginsAfterTheLastWholeLine()
    {
        File.WriteAllText(LogPath, "{\"log\":\"whole\\n\"}\n{\"log\":\"to");
        using (var log = Open(new ContainerLogTarget { Path = LogPath }))
        {
            log.Write(OutputKind.Stdout, "next\n"u8, time);
        }

        Assert.Equal(["whole\n", "next\n"], Lines(File.ReadAllText(LogPath)));
    }

    [Fact]
    public void Rotation_WhenCompressionFails_LeavesTheFilesPlain_AndSaysSo()
    {
        var target = new ContainerLogTarget { Path = LogPath, MaxSizeBytes = 100, MaxFiles = 3, Compress = true };
        using var log = new JsonFileLog(target, new LogRotation(target, new FailingCompressor()));

        log.Write(OutputKind.Stdout, Encoding.UTF8.GetBytes(new string('a', 50) + "\n" + new string('b', 50) + "\n"), time);

        Assert.Equal(1, log.Generation);
        Assert.Contains("no processes left", log.LastError, StringComparison.Ordinal);
        Assert.True(File.Exists(LogPath + ".1"));
        Assert.Equal(new string('b', 50) + "\n", Assert.Single(Lines(File.ReadAllText(LogPath))));
    }

    [Fact]
    public void Rotation_WithCompression_MovesBothForms()
    {
        var compressor = new CopyingCompressor();
        var target = new ContainerLogTarget { Path = LogPath, MaxSizeBytes = 100, MaxFiles = 4, Compress = true };
        using (var log = new JsonFileLog(target, new LogRotation(target, compressor)))
        {
            foreach (var word in (string[])["one", "two", "three", "four", "five"])
            {
                log.Write(OutputKind.Stdout, Encoding.UTF8.GetBytes(word + new string('.', 40) + "\n"), time);
                if (word == "three")
                {
                    compressor.Finish();
                }
            }
        }

        compressor.Finish();
        compressor.Finish();
        compressor.Finish();
        Assert.Equal(["c-json.log", "c-json.log.1.gz", "c-json.log.2.gz", "c-json.log.3.gz"], Directory.GetFiles(directory).Select(Path.GetFileName).Order());
        Assert.Contains("four", File.ReadAllText(LogPath + ".1.gz"), StringComparison.Ordinal);
        Assert.Contains("two", File.ReadAllText(LogPath + ".3.gz"), StringComparison.Ordinal);
    }

    private string Log(byte[] bytes)
    {
        using (var log = Open(new ContainerLogTarget { Path = LogPath }))
        {
            log.Write(OutputKind.Stdout, bytes, time);
        }

        return File.ReadAllText(LogPath);
    }

    private static JsonFileLog Open(ContainerLogTarget target) => new(target, new LogRotation(target, new CopyingCompressor()));

    private static string[] Lines(string log)
        => [.. log.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("log").GetString()!)];

    private sealed class FailingCompressor : ILogCompressor
    {
        public void Start(string from, string to, Action<bool> done) => throw new IOException("no processes left");
    }

    private sealed class CopyingCompressor : ILogCompressor
    {
        private Action? finish;

        public void Start(string from, string to, Action<bool> done)
        {
            var bytes = File.ReadAllBytes(from);
            finish = () =>
            {
                File.WriteAllBytes(to, bytes);
                done(true);
            };
        }

        public void Finish()
        {
            var action = finish;
            finish = null;
            action?.Invoke();
        }
    }
}
