using System.Text;
using Berth.Client.Tests.Engine;
using Berth.Client.Tests.Kit;
using Microsoft.Win32.SafeHandles;

namespace Berth.Client.Tests.Commands;

public sealed class RunCommandTests
{
    private const string Upgraded = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

    [Fact]
    public void Run_Foreground_ShowsBothStreamsAndTakesTheExitCode()
    {
        using var engine = Engine(exitCode: 3, [.. FrameDemultiplexerTests.Frame(1, "out\n"), .. FrameDemultiplexerTests.Frame(2, "err\n")]);

        var run = ClientRun.Of(engine, "run", "--rm", "busybox", "sh");

        Assert.Equal(new ClientRun(3, "out\n", "err\n"), run);
    }

    [Fact]
    public void Run_Foreground_AttachesAndWaitsBeforeItStarts()
    {
        using var engine = Engine(exitCode: 0, []);

        ClientRun.Of(engine, "run", "busybox");

        var paths = engine.Requests.Select(static request => request.Path).ToList();
        Assert.Equal("/containers/create", paths[0]);
        Assert.Equal("/containers/0123/start", paths[3]);
        Assert.Equal(["/containers/0123/attach?stream=1&stdout=1&stderr=1", "/containers/0123/wait?condition=next-exit"], paths[1..3].Order(StringComparer.Ordinal));
        Assert.All(engine.Requests, static request => Assert.Equal("1.51", request.Version));
    }

    [Fact]
    public void Run_Detached_PrintsTheIdAndAttachesNothing()
    {
        using var engine = Engine(exitCode: 0, []);

        var run = ClientRun.Of(engine, "run", "-d", "busybox");

        Assert.Equal(new ClientRun(0, "0123\n", ""), run);
        Assert.Equal(["/containers/create", "/containers/0123/start"], engine.Requests.Select(static request => request.Path));
    }

    [Fact]
    public void Run_PipedInput_ReachesTheContainerAndEnds()
    {
        var received = new StringBuilder();
        using var engine = Create().Reply("POST /containers/0123/start", 204).Reply("POST /containers/0123/wait", 200, """{"StatusCode":0}""")
            .Play("POST /containers/0123/attach", (_, stream) =>
            {
                stream.Write(Encoding.ASCII.GetBytes(Upgraded));
                int next;
                while ((next = stream.ReadByte()) >= 0)
                {
                    received.Append((char)next);
                }

                stream.Write(FrameDemultiplexerTests.Frame(1, "got it")); // half-closed: our direction is still open
                return false;
            });
        using var input = Pipe("hello\n");

        var run = ClientRun.Of(engine, new FakeTerminal(), input, "run", "-i", "busybox", "cat");

        Assert.Equal(new ClientRun(0, "got it", ""), run);
        Assert.Equal("hello\n", received.ToString());
    }

    [Fact]
    public void Run_DetachKeys_LeaveTheContainerRunning()
    {
        using var engine = Create().Reply("POST /containers/0123/start", 204).Reply("POST /containers/0123/resize", 200)
            .Play("POST /containers/0123/wait", static (_, stream) =>
            {
                stream.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8); // it never exits
                return true;
            })
            .Play("POST /containers/0123/attach", static (_, stream) =>
            {
                stream.Write("HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"u8);
                var typed = new byte[3];
                stream.ReadExactly(typed);
                return false;
            });
        using var input = Pipe("x\u0010\u0011");
        var terminal = new FakeTerminal { IsInputTerminal = true, IsOutputTerminal = true, Size = new(24, 80) };

        var run = ClientRun.Of(engine, terminal, input, "run", "-it", "busybox", "sh");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("read escape sequence", run.Err, StringComparison.Ordinal);
        Assert.Equal((1, 1), (terminal.TimesRaw, terminal.TimesRestored));
    }

    [Fact]
    public void Run_MissingImage_IsPulledOnce()
    {
        using var engine = new ScriptedEngine()
            .Reply("POST /containers/create", 404, """{"message":"No such image: busybox:latest"}""")
            .Reply("POST /containers/create", 201, """{"Id":"0123","Warnings":["careful"]}""")
            .Reply("POST /images/create", 200, "{\"status\":\"Pulling from library/busybox\",\"id\":\"latest\"}\r\n{\"status\":\"Status: Downloaded newer image for busybox:latest\"}\r\n")
            .Reply("POST /containers/0123/start", 204);

        var run = ClientRun.Of(engine, "run", "-d", "busybox");

        Assert.Equal("0123\n", run.Out);
        Assert.Equal("Unable to find image 'busybox:latest' locally\nlatest: Pulling from library/busybox\nStatus: Downloaded newer image for busybox:latest\nWARNING: careful\n", run.Err);
        Assert.Equal("/images/create?fromImage=docker.io%2Flibrary%2Fbusybox&tag=latest", engine.Requests[1].Path);
    }

    [Theory]
    [InlineData("exec: \"nope\": executable file not found in $PATH", 127)]
    [InlineData("exec: \"/etc\": permission denied", 126)]
    [InlineData("port is already allocated", 125)]
    public void Run_StartRefused_HasTheShellsExitCode(string words, int expected)
    {
        using var engine = Create().Play("POST /containers/0123/attach", static (_, stream) =>
        {
            stream.Write(Encoding.ASCII.GetBytes(Upgraded));
            return true;
        }).Reply("POST /containers/0123/wait", 200, """{"StatusCode":0}""").Reply("POST /containers/0123/start", 400, System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, string> { ["message"] = words }));

        var run = ClientRun.Of(engine, "run", "busybox", "nope");

        Assert.Equal(expected, run.ExitCode);
        Assert.StartsWith("berth: Error response from daemon: " + words, run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_TerminalWithoutATerminal_IsRefusedBeforeAnythingIsMade()
    {
        using var engine = Engine(exitCode: 0, []);

        var run = ClientRun.Of(engine, "run", "-it", "busybox");

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("the input device is not a TTY", run.Err, StringComparison.Ordinal);
        Assert.Empty(engine.Requests);
    }

    [Fact]
    public void Run_ExistingCidFile_IsRefused()
    {
        using var directory = new TempDirectory();
        File.WriteAllText(directory.File("cid"), "old");
        using var engine = Engine(exitCode: 0, []);

        var run = ClientRun.Of(engine, "run", "--cidfile", directory.File("cid"), "busybox");

        Assert.Equal(125, run.ExitCode);
        Assert.Empty(engine.Requests);
    }

    [Fact]
    public void Run_OlderDaemon_IsSpokenToInItsVersion()
    {
        using var engine = new ScriptedEngine()
            .ReplyRaw("POST /containers/create", "HTTP/1.1 400 Bad Request\r\nApi-Version: 1.44\r\nContent-Length: 33\r\n\r\n{\"message\":\"client is too new...\"}")
            .Reply("POST /containers/create", 201, """{"Id":"0123"}""").Reply("POST /containers/0123/start", 204);

        var run = ClientRun.Of(engine, "run", "-d", "busybox");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(["1.51", "1.44", "1.44"], engine.Requests.Select(static request => request.Version));
    }

    private static ScriptedEngine Create() => new ScriptedEngine().Reply("POST /containers/create", 201, """{"Id":"0123","Warnings":null}""");

    private static ScriptedEngine Engine(int exitCode, byte[] output)
    {
        var started = new ManualResetEventSlim();
        return Create()
            .Play("POST /containers/0123/start", (_, stream) =>
            {
                stream.Write("HTTP/1.1 204 No Content\r\n\r\n"u8);
                started.Set();
                return true;
            })
            .Play("POST /containers/0123/wait", (_, stream) =>
            {
                stream.Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8);
                started.Wait();
                var body = $"{{\"StatusCode\":{exitCode}}}";
                stream.Write(Encoding.ASCII.GetBytes($"{body.Length:x}\r\n{body}\r\n0\r\n\r\n"));
                return true;
            })
            .Play("POST /containers/0123/attach", (_, stream) =>
            {
                stream.Write(Encoding.ASCII.GetBytes(Upgraded));
                started.Wait();
                stream.Write(output);
                return false;
            });
    }

    /// <summary>Input that ends after the text.</summary>
    private static SafeFileHandle Pipe(string text)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, text);
        var input = File.OpenHandle(path);
        File.Delete(path);
        return input;
    }
}
