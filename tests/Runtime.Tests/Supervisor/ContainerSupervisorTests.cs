using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Tests.Supervisor;

[Collection("supervisors")] // they share the one thread's buffer
public sealed class ContainerSupervisorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Launch_OfAShortProgram_LogsItAndTellsTheExit()
    {
        await using var fixture = new SupervisorFixture("echo out; echo err >&2; printf tail; exit 3");

        var launched = await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        var exit = await fixture.ExitAsync();

        Assert.True(launched.Pid > 0);
        Assert.Equal(3, exit.ExitCode);
        Assert.Equal(
            ["err\n|stderr", "out\n|stdout", "tail|stdout"],
            fixture.LogLines.Select(line => JsonDocument.Parse(line).RootElement).Select(line => $"{line.GetProperty("log")}|{line.GetProperty("stream")}").Order());
        Assert.Equal(exit, JsonSerializer.Deserialize(File.ReadAllText(fixture.Launch.ExitPath), SupervisorJson.Default.ContainerExit));
        Assert.False(File.Exists(fixture.Launch.SocketPath));
    }

    [Fact]
    public async Task Attach_BeforeTheLaunch_GetsEveryByte()
    {
        await using var fixture = new SupervisorFixture("echo out; echo err >&2; cat");
        fixture.Launch = fixture.Launch with { Log = null, StdinOnce = true };
        await fixture.Control.ListenAsync(fixture.Launch.SocketPath, Ct);
        using var stream = await fixture.AttachAsync();
        stream.Send("from stdin\n"u8);
        stream.Shutdown(SocketShutdown.Send);

        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        var output = await SupervisorFixture.ReadFramedAsync(stream);

        Assert.Equal(("out\nfrom stdin\n", "err\n"), output);
        Assert.Equal(0, (await fixture.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Attach_ByTwo_GivesBothTheOutput_AndTakesStdinFromBoth()
    {
        await using var fixture = new SupervisorFixture("read a; read b; echo $a $b");
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        using var first = await fixture.AttachAsync();
        using var second = await fixture.AttachAsync();

        first.Send("one\n"u8);
        await Task.Yield();
        second.Send("two\n"u8);

        var seen = new[] { await SupervisorFixture.ReadFramedAsync(first), await SupervisorFixture.ReadFramedAsync(second) };
        Assert.Equal(seen[0], seen[1]);
        Assert.Contains(seen[0].Stdout, (string[])["one two\n", "two one\n"]);
    }

    [Fact]
    public async Task Stdin_OfAMegabyte_ArrivesWhole()
    {
        await using var fixture = new SupervisorFixture("sleep 0.2; cksum");
        fixture.Launch = fixture.Launch with { StdinOnce = true };
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        using var stream = await fixture.AttachAsync();

        var input = new byte[1 << 20];
        await stream.SendAsync(input, Ct);
        stream.Shutdown(SocketShutdown.Send);

        Assert.Equal("3018728591 1048576\n", (await SupervisorFixture.ReadFramedAsync(stream)).Stdout);
    }

    [Fact]
    public async Task Stdin_OfAClientThatClosesAtOnce_ArrivesAllTheSame()
    {
        await using var fixture = new SupervisorFixture("cat");
        fixture.Launch = fixture.Launch with { StdinOnce = true };
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        using (var stream = await fixture.AttachAsync())
        {
            stream.Send("last words\n"u8);
        }

        await fixture.ExitAsync();

        Assert.Contains("last words", Assert.Single(fixture.LogLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task CloseStdin_EndsIt()
    {
        await using var fixture = new SupervisorFixture("cat; echo end");
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);

        using var other = await fixture.ConnectAsync();
        await other.CloseStdinAsync(Ct);

        Assert.Equal(0, (await fixture.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Output_ToAClientThatDoesNotRead_DoesNotHoldTheContainerUp_AndIsNotLost()
    {
        await using var fixture = new SupervisorFixture("head -c 60000000 /dev/zero | tr '\\0' x | fold -w 99; echo; echo end >&2");
        await fixture.Control.ListenAsync(fixture.Launch.SocketPath, Ct);
        using var stream = await fixture.AttachAsync();
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);

        var exit = await fixture.ExitAsync(); // it ends although nobody has read yet
        var output = await SupervisorFixture.ReadFramedAsync(stream);

        Assert.Equal(0, exit.ExitCode);
        Assert.Equal(60000000, output.Stdout.Count(c => c == 'x'));
        Assert.Equal("end\n", output.Stderr);
        Assert.Equal(606061 + 1, fixture.LogLines.Length);
    }

    [Fact]
    public async Task Exec_Attached_HasItsOwnStdio()
    {
        await using var fixture = new SupervisorFixture("cat");
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        using var exec = await fixture.ConnectAsync();

        var (started, stream) = await exec.ExecAsync(Exec("e1", "cat; echo err >&2; exit 5", attach: true), Ct);
        stream!.Send("hello"u8);
        stream.Shutdown(SocketShutdown.Send);
        var output = await SupervisorFixture.ReadFramedAsync(stream);

        Assert.True(started.Pid > 0);
        Assert.Equal(("hello", "err\n"), output);
        var events = fixture.Control.EventsAsync(Ct).GetAsyncEnumerator(Ct);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(("e1", 5), (Assert.IsType<SupervisorEvent.ExecExited>(events.Current).Value.ExecId, ((SupervisorEvent.ExecExited)events.Current).Value.ExitCode));
        Assert.Empty(fixture.LogLines);
    }

    [Fact]
    public async Task Exec_ThatEndsWhileNobodyWatches_IsToldLater()
    {
        await using var fixture = new SupervisorFixture("cat");
        fixture.Launch = fixture.Launch with { Watch = false };
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        using (var exec = await fixture.ConnectAsync())
        {
            var (_, stream) = await exec.ExecAsync(Exec("e1", "exit 4", attach: true), Ct);
            await SupervisorFixture.ReadAllAsync(stream!);
            stream!.Dispose();
        }

        using var watcher = await fixture.ConnectAsync();
        await using var events = watcher.WatchAsync(Ct).GetAsyncEnumerator(Ct);
        await events.MoveNextAsync();

        var state = Assert.IsType<SupervisorEvent.State>(events.Current).Value;
        Assert.Equal(("e1", 4), (Assert.Single(state.ExecExits).ExecId, state.ExecExits[0].ExitCode));
    }

    [Fact]
    public async Task Signal_ReachesTheContainer()
    {
        await using var fixture = new SupervisorFixture("trap 'exit 42' TERM; echo ready; while :; do sleep 0.1; done");
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        using (var other = await fixture.ConnectAsync())
        {
            while (fixture.LogLines.Length == 0)
            {
                await Task.Yield();
            }

            await other.SignalAsync(15, all: false, Ct);
        }

        Assert.Equal(42, (await fixture.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Daemon_ThatGoes_LeavesTheContainerRunning_AndFindsTheExitRecord()
    {
        await using var fixture = new SupervisorFixture("read x; echo $x; exit 9");
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        fixture.Control.Dispose();

        using (var stream = await fixture.AttachAsync())
        {
            stream.Send("again\n"u8);
            Assert.Equal("again\n", (await SupervisorFixture.ReadFramedAsync(stream)).Stdout);
        }

        await fixture.Ended;
        Assert.Equal(9, JsonSerializer.Deserialize(File.ReadAllText(fixture.Launch.ExitPath), SupervisorJson.Default.ContainerExit)!.ExitCode);
    }

    [Fact]
    public async Task Daemon_ThatGoesBeforeTheLaunch_EndsTheSupervisor()
    {
        await using var fixture = new SupervisorFixture("true");

        fixture.Control.Dispose();

        await fixture.Ended.WaitAsync(TimeSpan.FromSeconds(10), Ct);
    }

    [Fact]
    public async Task Log_WithSizeLimit_KeepsThatManyFiles_AndLosesNoLineInThem()
    {
        await using var fixture = new SupervisorFixture("i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done");
        fixture.Launch = fixture.Launch with { Log = fixture.Launch.Log! with { MaxSizeBytes = 50_000, MaxFiles = 3 } };
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);

        await fixture.ExitAsync();

        var path = fixture.Launch.Log!.Path;
        Assert.False(File.Exists(path + ".3"));
        Assert.All((string[])[path, path + ".1", path + ".2"], file => Assert.InRange(new FileInfo(file).Length, 1, 50_000));
        var numbers = ((string[])[path + ".2", path + ".1", path]).SelectMany(File.ReadLines)
            .Select(line => int.Parse(JsonDocument.Parse(line).RootElement.GetProperty("log").GetString()!.AsSpan(5), provider: null)).ToArray();
        Assert.Equal(1999, numbers[^1]);
        Assert.Equal(Enumerable.Range(numbers[0], numbers.Length), numbers);
    }

    [Fact]
    public async Task Attach_TellsWhereInTheLogItBegan()
    {
        await using var fixture = new SupervisorFixture("echo first; printf unfin; read x; echo ished; echo $x");
        await fixture.Control.LaunchAsync(fixture.Launch, Ct);
        while (fixture.LogLines.Length == 0)
        {
            await Task.Yield();
        }

        using var connection = await fixture.ConnectAsync();
        var (reply, stream) = await connection.AttachAsync(new(true, true, true, UnfinishedLines: true), Ct);
        stream.Send("x\n"u8);
        var output = await SupervisorFixture.ReadFramedAsync(stream);

        var before = Encoding.UTF8.GetString(File.ReadAllBytes(fixture.Launch.Log!.Path).AsSpan(0, (int)reply.LogOffset));
        Assert.Contains("first", before, StringComparison.Ordinal);
        Assert.Equal("unfinished\nx\n", output.Stdout);
    }

    private static ExecRequest Exec(string id, string script, bool attach) => new()
    {
        ExecId = id,
        Process = new OciProcess { Args = ["sh", "-c", script] },
        AttachStdin = attach,
        AttachStdout = attach,
        AttachStderr = attach,
    };
}
