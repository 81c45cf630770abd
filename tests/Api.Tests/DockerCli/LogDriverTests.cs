using System.Net;
using System.Net.Sockets;
using System.Text;
using Berth.Kit;

namespace Berth.Api.Tests.DockerCli;

public sealed class LogDriverTests(DaemonFixture fixture) : DockerCliTest(fixture)
{
    private const string JournalSocket = "/run/systemd/journal/socket";

    [Fact]
    public async Task Syslog_OverUdp_GetsTheLines_AndLogsReadsThem()
    {
        using var syslog = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = 10_000 };
        syslog.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var address = $"udp://127.0.0.1:{((IPEndPoint)syslog.LocalEndPoint!).Port}";

        await DockerAsync("run", "--name", "sl1", "--log-driver", "syslog", "--log-opt", $"syslog-address={address}", "--log-opt", "syslog-facility=local3",
            "--log-opt", "syslog-format=rfc5424", "--log-opt", "tag={{.Name}}/{{.ImageName}}", "busybox", "sh", "-c", "echo out; echo err >&2");

        var lines = new[] { Receive(syslog), Receive(syslog) };
        Assert.Contains(lines, line => line.StartsWith("<158>1 ", StringComparison.Ordinal) && line.EndsWith(" sl1/busybox - out\n", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("<155>1 ", StringComparison.Ordinal) && line.EndsWith(" sl1/busybox - err\n", StringComparison.Ordinal));
        Assert.Equal("out", (await Daemon.Docker("logs", "sl1").RunAsync()).Expect(0).Text);
        Assert.Equal("syslog", await DockerAsync("inspect", "-f", "{{.HostConfig.LogConfig.Type}}{{.LogPath}}", "sl1"));
    }

    [Fact]
    public async Task Syslog_OverTcp_GoesOnAfterADaemonRestart()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await DockerAsync("run", "-d", "--name", "sl2", "--log-driver", "syslog", "--log-opt", $"syslog-address=tcp://localhost:{((IPEndPoint)listener.LocalEndpoint).Port}",
            "busybox", "sh", "-c", "echo first; while [ ! -e /go ]; do sleep 0.1; done; echo second");
        using var connection = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        connection.ReceiveTimeout = 10_000;
        using var reader = new StreamReader(connection.GetStream());
        Assert.EndsWith("]: first", reader.ReadLine(), StringComparison.Ordinal);

        await Daemon.KillAsync();
        await Daemon.LaunchAsync();
        await DockerAsync("exec", "sl2", "touch", "/go");
        await DockerAsync("wait", "sl2");

        Assert.EndsWith("]: second", reader.ReadLine(), StringComparison.Ordinal);
        Assert.Equal("first\nsecond", await DockerAsync("logs", "-f", "sl2"));
    }

    [Fact]
    public async Task Syslog_ThatIsNotThere_KeepsTheContainerFromStarting()
    {
        var result = await Daemon.Docker("run", "--rm", "--log-driver", "syslog", "--log-opt", $"syslog-address=tcp://127.0.0.1:{Host.FreePort()}", "busybox", "true").RunAsync();

        Assert.Equal(125, result.ExitCode);
        Assert.Contains("failed to create task for container: failed to initialize logging driver: dial tcp://127.0.0.1:", result.Error, StringComparison.Ordinal);
        Assert.Contains("connection refused", result.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Syslog_ThatGoesAway_NeitherStopsTheContainerNorGoesUnsaid()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await DockerAsync("run", "-d", "--name", "sl3", "--log-driver", "syslog", "--log-opt", $"syslog-address=tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}",
            "busybox", "sh", "-c", "while [ ! -e /go ]; do sleep 0.1; done; seq 100000");
        using (await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken))
        {
            listener.Stop();
        }

        await DockerAsync("exec", "sl3", "touch", "/go");
        Assert.Equal("0", await DockerAsync("wait", "sl3"));

        Assert.Equal("100000", await DockerAsync("logs", "--tail", "1", "sl3"));
        Assert.Contains("tcp://127.0.0.1:", Daemon.Log, StringComparison.Ordinal);
        Assert.Contains("lines wait until it is back", Daemon.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Journald_GetsDockersFields_AndLogsReadsThemBack()
    {
        Assert.SkipUnless(Host.IsRoot && !File.Exists(JournalSocket), "needs a host without journald, to put a socket in its place");
        var folder = Path.GetDirectoryName(JournalSocket)!;
        var made = !Directory.Exists("/run/systemd/journal");
        Directory.CreateDirectory(folder);
        using var journal = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 10_000 };
        journal.Bind(new UnixDomainSocketEndPoint(JournalSocket));
        try
        {
            await DockerAsync("run", "--name", "jd1", "--log-driver", "journald", "--label", "com.x.tier=web", "-e", "MODE=fast", "--log-opt", "labels=com.x.tier", "--log-opt", "env=MODE",
                "busybox", "echo", "hello");
            var id = await DockerAsync("inspect", "-f", "{{.Id}}", "jd1");
            var entry = Receive(journal).Split('\n');

            foreach (var field in (string[])[$"CONTAINER_ID={id[..12]}", $"CONTAINER_ID_FULL={id}", "CONTAINER_NAME=jd1", $"CONTAINER_TAG={id[..12]}", "IMAGE_NAME=busybox",
                $"SYSLOG_IDENTIFIER={id[..12]}", "COM_X_TIER=web", "MODE=fast", "PRIORITY=6", "MESSAGE=hello"])
            {
                Assert.Contains(field, entry);
            }

            Assert.Equal("hello", await DockerAsync("logs", "jd1"));
            Assert.Equal("MODE=fast,com.x.tier=web hello", await DockerAsync("logs", "--details", "jd1"));
        }
        finally
        {
            File.Delete(JournalSocket);
            if (made)
            {
                Directory.Delete(folder);
            }
        }
    }

    [Fact]
    public async Task Journald_WhereThereIsNone_IsRefusedAtTheStart()
    {
        Assert.SkipUnless(!File.Exists(JournalSocket), "needs a host without journald");

        var result = (await Daemon.Docker("run", "--rm", "--log-driver", "journald", "busybox", "true").RunAsync()).Expect(125);

        Assert.Contains("failed to initialize logging driver: journald is not enabled on this host", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Logs_WithoutFiles_AreRefused()
    {
        using var syslog = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        syslog.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await DockerAsync("run", "--name", "nf1", "--log-driver", "syslog", "--log-opt", $"syslog-address=udp://127.0.0.1:{((IPEndPoint)syslog.LocalEndPoint!).Port}",
            "--log-opt", "cache-disabled=true", "busybox", "echo", "x");
        await DockerAsync("run", "--name", "nf2", "--log-driver", "none", "busybox", "echo", "x");

        foreach (var name in (string[])["nf1", "nf2"])
        {
            var refused = await Daemon.Docker("logs", name).RunAsync();
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains("configured logging driver does not support reading", refused.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Details_OfJsonFile_ShowLabelsVariablesAndTag()
    {
        await DockerAsync("run", "--name", "dt1", "--label", "tier=web", "-e", "MODE=a b", "--log-opt", "labels-regex=^t", "--log-opt", "env=MODE", "--log-opt", "tag={{.Name}}", "busybox", "echo", "hello");

        Assert.Equal("MODE=a+b,tag=dt1,tier=web hello", await DockerAsync("logs", "--details", "dt1"));
    }

    [Fact]
    public async Task Follow_OverRotations_LosesNothing()
    {
        await DockerAsync("run", "-d", "--name", "fr1", "--log-driver", "local", "--log-opt", "max-size=20k", "--log-opt", "max-file=3", "busybox", "sh", "-c",
            "for i in $(seq 1 40); do seq $((i * 100 - 99)) $((i * 100)); sleep 0.02; done");

        var text = await DockerAsync("logs", "-f", "fr1");

        var numbers = text.Split('\n').Select(int.Parse).ToArray();
        Assert.Equal(Enumerable.Range(numbers[0], numbers.Length), numbers);
        Assert.Equal(4000, numbers[^1]);
    }

    [Theory]
    [InlineData("unknown log opt 'x' for json-file log driver", "--log-opt", "x=1")]
    [InlineData("logger: no log driver named 'fluentd' is registered", "--log-driver", "fluentd")]
    [InlineData("unknown log opt 'max-size' for journald log driver", "--log-driver", "journald", "--log-opt", "max-size=1m")]
    [InlineData("unsupported scheme: 'ftp'", "--log-driver", "syslog", "--log-opt", "syslog-address=ftp://x")]
    public async Task Create_WithAWrongOption_SaysSo(string words, params string[] options)
    {
        var result = (await Daemon.Docker(["create", .. options, "busybox", "true"]).RunAsync()).Expect(1);

        Assert.Contains(words, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Init_ReapsAndPassesSignalsOn()
    {
        Assert.Equal("berth-init", await DockerAsync("run", "--rm", "--init", "busybox", "cat", "/proc/1/comm"));
        (await Daemon.Docker("run", "--rm", "--init", "busybox", "sh", "-c", "exit 9").RunAsync()).Expect(9);
        (await Daemon.Docker("run", "--rm", "--init", "busybox", "no-such-program").RunAsync()).Expect(127);

        await DockerAsync("run", "-d", "--init", "--name", "in1", "busybox", "sh", "-c", "for i in 1 2 3; do (sleep 0.1 & exec true); done; sleep 1000");
        await Host.EventuallyAsync(async () => !(await DockerAsync("top", "in1", "-o", "pid,stat,comm")).Contains(" Z ", StringComparison.Ordinal), "no zombie is left");
        await DockerAsync("stop", "-t", "30", "in1"); // sleep does not catch SIGTERM: without the init it would take all thirty seconds
        Assert.Equal("143 true", await DockerAsync("inspect", "-f", "{{.State.ExitCode}} {{.HostConfig.Init}}", "in1"));
    }

    private static string Receive(Socket socket)
    {
        var buffer = new byte[64 << 10];
        return Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer));
    }
}
