using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Berth.Kit;
using Berth.Runtime.Supervisor;
using Berth.Runtime.Supervisor.Logging;
using Berth.Shared.Linux;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Tests.Supervisor;

[Collection("supervisors")] // they share the one thread's buffer
public sealed partial class LogSenderTests : IDisposable
{
    private static readonly long now = new DateTime(2026, 1, 2, 3, 4, 5, 678, DateTimeKind.Utc).Ticks;
    private readonly TemporaryDirectory directory = new();
    private readonly EventLoop loop = new();
    private readonly List<string> told = [];

    private string SocketPath => directory["log.sock"];

    public void Dispose()
    {
        loop.Dispose();
        directory.Dispose();
    }

    [Fact]
    public void Journal_GetsAnEntryPerLine_WithItsFields()
    {
        using var journal = Datagrams();
        using var sender = Sender(Journald());
        sender.Connect();

        Send(sender, "hello", OutputKind.Stderr);
        sender.Add(new LogLine { Kind = OutputKind.Stdout, Text = "part"u8, Ticks = now, PartialId = 0xabc, PartialOrdinal = 2, IsLastPart = true });

        Assert.Equal(
            "CONTAINER_NAME=web\nNOTE\n\u0003\0\0\0\0\0\0\0a\nb\nPRIORITY=3\nSYSLOG_TIMESTAMP=2026-01-02T03:04:05.678Z\nCONTAINER_LOG_ORDINAL=1\nMESSAGE=hello\n", Receive(journal));
        Assert.Equal(
            "CONTAINER_NAME=web\nNOTE\n\u0003\0\0\0\0\0\0\0a\nb\nPRIORITY=6\nSYSLOG_TIMESTAMP=2026-01-02T03:04:05.678Z\nCONTAINER_LOG_ORDINAL=2\n"
            + "CONTAINER_PARTIAL_ID=0000000000000abc\nCONTAINER_PARTIAL_ORDINAL=2\nCONTAINER_PARTIAL_LAST=true\nMESSAGE=part\n", Receive(journal));
    }

    [Theory]
    [InlineData(SyslogFormat.Local, "^<155>Jan  [123] \\d\\d:\\d\\d:05 web\\[77\\]: text\n$")]
    [InlineData(SyslogFormat.Rfc3164, "^<155>Jan  [123] \\d\\d:\\d\\d:05 host web\\[77\\]: text\n$")]
    [InlineData(SyslogFormat.Rfc5424, "^<155>1 2026-01-0[123]T\\d\\d:\\d\\d:05(Z|[+-]\\d\\d:\\d\\d) host web 77 web - text\n$")]
    [InlineData(SyslogFormat.Rfc5424Micro, "^<155>1 2026-01-0[123]T\\d\\d:\\d\\d:05\\.678000(Z|[+-]\\d\\d:\\d\\d) host web 77 web - text\n$")]
    public void Syslog_Formats(SyslogFormat format, string expected)
    {
        var receiver = Syslog(LogTransport.Tcp) with { Facility = 19, SyslogFormat = format };
        var syslog = new SyslogLineFormat(receiver, processId: 77);
        var buffer = new byte[syslog.MaxLength(4)];

        var length = syslog.Write(buffer, new LogLine { Kind = OutputKind.Stderr, Text = "text"u8, Ticks = now });

        Assert.Matches(expected, Encoding.UTF8.GetString(buffer, 0, length));
        Assert.Equal(0, syslog.Write(buffer, new LogLine { Kind = OutputKind.Stdout, Text = [], Ticks = now }));
    }

    [Fact]
    public void Connect_WithoutAReceiver_Throws()
    {
        using var sender = Sender(Journald());

        Assert.Equal(Errno.ENOENT, Assert.Throws<ErrnoException>(sender.Connect).Errno);
        using var tcp = Sender(Syslog(LogTransport.Tcp) with { Port = Host.FreePort() });
        Assert.Equal(Errno.ECONNREFUSED, Assert.Throws<ErrnoException>(tcp.Connect).Errno);
    }

    [Fact]
    public void Either_FindsAStreamSocketToo()
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(SocketPath));
        listener.Listen();
        using var sender = Sender(Syslog(LogTransport.UnixEither) with { Path = SocketPath });
        sender.Connect();
        using var accepted = listener.Accept();

        Send(sender, "hello");

        Assert.EndsWith(": hello\n", Receive(accepted), StringComparison.Ordinal);
    }

    [Fact]
    public void Receiver_ThatComesBack_GetsWhatWaited_InOrder()
    {
        var journal = Datagrams();
        using var sender = Sender(Journald());
        sender.Connect();
        Send(sender, "before");
        Assert.EndsWith("MESSAGE=before\n", Receive(journal), StringComparison.Ordinal);
        RunUntil(() => false, TimeSpan.FromMilliseconds(1100)); // a connection younger than a second is not tried again at once
        journal.Dispose();
        File.Delete(SocketPath);

        for (var i = 0; i < 100; i++)
        {
            Send(sender, $"line {i}");
        }

        Assert.Single(told);
        Assert.False(sender.HoldsUp);
        using var again = Datagrams();
        var got = new List<string>();
        RunUntil(() =>
        {
            while (again.Available > 0)
            {
                got.Add(Message().Match(Receive(again)).Groups[1].Value);
            }

            return got.Count == 100;
        });

        Assert.Equal(Enumerable.Range(0, 100).Select(i => $"line {i}"), got);
        RunUntil(() => told.Count == 2);
        Assert.EndsWith("takes lines again; 0 were dropped", told[1], StringComparison.Ordinal);
    }

    [Fact]
    public void NonBlocking_DropsWhatDoesNotFit_AndHoldsNobodyUp()
    {
        using var journal = Datagrams();
        using var sender = Sender(Journald() with { NonBlocking = true, BufferBytes = 64 << 10 });
        sender.Connect();

        for (var i = 0; i < 20_000; i++)
        {
            Send(sender, $"line {i} {new string('x', 100)}");
        }

        Assert.True(sender.Dropped > 0);
        Assert.False(sender.HoldsUp);
        Assert.Contains("does not keep up", Assert.Single(told), StringComparison.Ordinal);
        Assert.Equal(0, Number(Receive(journal)));
        RunUntil(() =>
        {
            while (journal.Available > 0)
            {
                Receive(journal);
            }

            return told.Count == 2;
        });
        Assert.EndsWith($"takes lines again; {sender.Dropped} were dropped", told[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Blocking_HoldsUp_AndLosesNothing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var sender = Sender(Syslog(LogTransport.Tcp) with { Port = ((IPEndPoint)listener.LocalEndpoint).Port });
        sender.Connect();
        var changes = 0;
        sender.PaceChanged = () => changes++;
        using var accepted = listener.AcceptSocket();
        var count = 0;
        while (!sender.HoldsUp)
        {
            Assert.InRange(count, 0, 200_000);
            Send(sender, $"line {count++} {new string('x', 1000)}");
        }

        using var reader = new StreamReader(new NetworkStream(accepted, ownsSocket: false));
        accepted.ReceiveTimeout = 10_000;
        var reading = Task.Run(() => Enumerable.Range(0, count).All(i => reader.ReadLine()!.Contains($": line {i} x", StringComparison.Ordinal)), TestContext.Current.CancellationToken);
        RunUntil(() => reading.IsCompleted);

        Assert.True(await reading);
        Assert.Equal((0, false, 2), (sender.Dropped, sender.HoldsUp, changes));
        Assert.Empty(told);
    }

    [Fact]
    public async Task Stream_CutInAMessage_SendsThatOneAgainWhole()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var sender = Sender(Syslog(LogTransport.Tcp) with { Port = ((IPEndPoint)listener.LocalEndpoint).Port });
        sender.Connect();
        var first = listener.AcceptSocket();
        var count = 0;
        while (!sender.HoldsUp)
        {
            Send(sender, $"line {count++} {new string('x', 1000)}");
        }

        RunUntil(() => false, TimeSpan.FromMilliseconds(1100));
        first.Close(0); // unread data: a reset
        RunUntil(listener.Pending);
        using var second = listener.AcceptSocket();
        second.ReceiveTimeout = 10_000;
        using var reader = new StreamReader(new NetworkStream(second, ownsSocket: false));
        var line = "";
        var reading = Task.Run(() =>
        {
            var seen = new List<int>();
            do
            {
                line = reader.ReadLine()!;
                seen.Add(Number(line));
            }
            while (seen[^1] < count - 1);
            return seen;
        }, TestContext.Current.CancellationToken);
        RunUntil(() => reading.IsCompleted);

        var numbers = await reading;
        Assert.StartsWith("<30>", line, StringComparison.Ordinal);
        Assert.Equal(Enumerable.Range(numbers[0], numbers.Count), numbers); // from a whole line on, without a gap
    }

    [Fact]
    public async Task Container_WritesToFilesAndReceiver_AndItsExitWaitsForNeither()
    {
        using var journal = Datagrams();
        await using var fixture = new SupervisorFixture($"echo one; echo two >&2; printf '%0{(16 << 10) + 5}d' 7; sleep 0.2; seq 100000");
        fixture.Launch = fixture.Launch with { LogReceiver = Journald() with { NonBlocking = true, BufferBytes = 1 << 20 } };

        await fixture.Control.LaunchAsync(fixture.Launch, SupervisorFixture.Ct);
        var first = Receive(journal);
        var exit = await fixture.ExitAsync(); // the journal takes nothing more, and nobody waits for it

        Assert.Equal(0, exit.ExitCode);
        Assert.Contains("MESSAGE=", first, StringComparison.Ordinal);
        Assert.Equal(100_004 - 1, fixture.LogLines.Length); // the last part of the long line goes on with the first number
        await fixture.Ended.WaitAsync(TimeSpan.FromSeconds(15), SupervisorFixture.Ct);
    }

    [Fact]
    public async Task Container_WithoutItsReceiver_DoesNotStart()
    {
        await using var fixture = new SupervisorFixture("true");
        fixture.Launch = fixture.Launch with { LogReceiver = Journald() };

        var refused = await Assert.ThrowsAsync<SupervisorException>(() => fixture.Control.LaunchAsync(fixture.Launch, SupervisorFixture.Ct));

        Assert.Equal("failed to initialize logging driver: journald is not enabled on this host", refused.Message);
    }

    private LogReceiver Journald() => new()
    {
        Kind = LogReceiverKind.Journald,
        Transport = LogTransport.UnixDatagram,
        Path = SocketPath,
        Name = "journald",
        Tag = "web",
        Fields = new() { ["CONTAINER_NAME"] = "web", ["NOTE"] = "a\nb" },
    };

    private static LogReceiver Syslog(LogTransport transport) => new()
    {
        Kind = LogReceiverKind.Syslog,
        Transport = transport,
        Addresses = [[127, 0, 0, 1]],
        Name = "tcp://127.0.0.1",
        Tag = "web",
        Facility = 3,
        Hostname = "host",
    };

    private LogSender Sender(LogReceiver receiver) => new(
        loop, receiver, receiver.Kind == LogReceiverKind.Journald ? new JournalFormat(receiver.Fields!) : new SyslogLineFormat(receiver, 77), told.Add);

    private static void Send(LogSender sender, string text, OutputKind kind = OutputKind.Stdout)
    {
        sender.Add(new LogLine { Kind = kind, Text = Encoding.UTF8.GetBytes(text), Ticks = now });
        sender.Flush();
    }

    private Socket Datagrams()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        socket.Bind(new UnixDomainSocketEndPoint(SocketPath));
        return socket;
    }

    private static string Receive(Socket socket)
    {
        var buffer = new byte[64 << 10];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }

    private static int Number(string message) => int.Parse(LineNumber().Match(message).Groups[1].Value, provider: null);

    private void RunUntil(Func<bool> condition, TimeSpan? within = null)
    {
        var deadline = Environment.TickCount64 + (long)(within ?? TimeSpan.FromSeconds(20)).TotalMilliseconds;
        while (!condition())
        {
            if (Environment.TickCount64 > deadline)
            {
                Assert.True(within is not null, "not in time");
                return;
            }

            using var timer = loop.After(TimeSpan.FromMilliseconds(10), () => { });
            loop.RunOnce();
        }
    }

    [GeneratedRegex("MESSAGE=(.*)\n")]
    private static partial Regex Message();

    [GeneratedRegex(@"line (\d+)")]
    private static partial Regex LineNumber();
}
