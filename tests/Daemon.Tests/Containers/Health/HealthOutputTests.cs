using System.Text;
using Berth.Daemon.Containers.Attach;
using Berth.Daemon.Containers.Health;
using Berth.Daemon.Images;

namespace Berth.Daemon.Tests.Containers.Health;

public sealed class HealthOutputTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void Append_InPiecesOfAnySize_JoinsBothStreams(int size)
    {
        byte[] stream = [.. Frame(false, "out "), .. Frame(true, ""), .. Frame(true, "err "), .. Frame(false, "end")];
        var output = new HealthOutput();

        foreach (var piece in stream.Chunk(size))
        {
            output.Append(piece);
        }

        Assert.Equal("out err end", output.ToString());
    }

    [Fact]
    public void Append_MoreThanFourKibibytes_IsCutAndSaysSo()
    {
        var output = new HealthOutput();
        output.Append(Frame(false, new string('a', 4000)));
        output.Append(Frame(false, new string('b', 4000)));

        Assert.Equal(new string('a', 4000) + new string('b', 96) + "...", output.ToString());
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(0.001, "1ms")]
    [InlineData(0.25, "250ms")]
    [InlineData(1.5, "1.5s")]
    [InlineData(30, "30s")]
    [InlineData(90, "1m30s")]
    [InlineData(3600, "1h0m0s")]
    [InlineData(90061.5, "25h1m1.5s")]
    public void Format_OfADuration_IsGos(double seconds, string text) => Assert.Equal(text, GoDuration.Format(TimeSpan.FromSeconds(seconds)));

    private static byte[] Frame(bool stderr, string text) => StreamFrame.Of(stderr, Encoding.UTF8.GetBytes(text));
}
