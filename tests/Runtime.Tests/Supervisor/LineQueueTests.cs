using System.Text;
using Berth.Runtime.Supervisor.Logging;

namespace Berth.Runtime.Tests.Supervisor;

public sealed class LineQueueTests
{
    [Fact]
    public void Lines_ComeOutAsTheyWentIn_HoweverTheRingTurns()
    {
        using var queue = new LineQueue(64 << 10);
        var random = new Random(20261);
        var expected = new Queue<string>();
        for (var i = 0; i < 20_000; i++)
        {
            if (random.Next(100) < 52)
            {
                var text = $"{i} {new string('x', random.Next(3000))}";
                if (queue.TryAdd(new LogLine { Kind = i % 2 == 0 ? OutputKind.Stdout : OutputKind.Stderr, Text = Encoding.UTF8.GetBytes(text), Ticks = i, PartialId = (ulong)i, PartialOrdinal = i + 1, IsLastPart = i % 3 == 0 }))
                {
                    expected.Enqueue(text);
                }
            }
            else if (expected.TryDequeue(out var text))
            {
                var line = queue.Peek();
                Assert.Equal(text, Encoding.UTF8.GetString(line.Text));
                var number = int.Parse(text.Split(' ')[0], provider: null);
                Assert.Equal((number, (ulong)number, number + 1, number % 3 == 0, number % 2 == 0), ((int)line.Ticks, line.PartialId, line.PartialOrdinal, line.IsLastPart, line.Kind == OutputKind.Stdout));
                queue.Remove();
            }

            Assert.Equal(expected.Count, queue.Count);
        }
    }

    [Fact]
    public void Add_WhenFull_IsRefused_AndRoomIsFoundAgain()
    {
        using var queue = new LineQueue(0); // two of the longest lines, whatever was asked for
        var longest = new byte[LineSplitter.MaxLine];

        Assert.True(queue.TryAdd(new LogLine { Kind = OutputKind.Stdout, Text = longest, Ticks = 1 }));
        Assert.True(queue.TryAdd(new LogLine { Kind = OutputKind.Stdout, Text = longest, Ticks = 2 }));
        Assert.False(queue.TryAdd(new LogLine { Kind = OutputKind.Stdout, Text = "x"u8, Ticks = 3 }));

        queue.Remove();
        Assert.True(queue.TryAdd(new LogLine { Kind = OutputKind.Stdout, Text = "x"u8, Ticks = 3 }));
        Assert.Equal(2, queue.Peek().Ticks);
        queue.Remove();
        Assert.Equal("x"u8, queue.Peek().Text);
        queue.Remove();
        Assert.Equal((0, 0), (queue.Count, queue.Bytes));
    }
}
