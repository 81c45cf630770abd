using System.Net.Sockets;
using System.Text.Json;
using Berth.Kit;
using Berth.Shared.Cgroups;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.Supervision;

namespace Berth.Kernel.Tests.Supervisor;

public sealed class SupervisorTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_LogsTheOutput_AndTellsTheExitCode_AndLeavesNothing()
    {
        await using var container = new SupervisedContainer("sh", "-c", "echo pid $$; hostname >&2; exit 7");

        await container.LaunchAsync();
        var exit = await container.ExitAsync();

        Assert.Equal((7, false, null), (exit.ExitCode, exit.OomKilled, exit.Error));
        Assert.Equal(["pid 1\n", "supervised\n"], container.LoggedLines().Order());
        Assert.False(File.Exists(container.Launch.SocketPath));
        Assert.False(container.Cgroup.Exists);
        Assert.Equal(0, (await container.Ended).Code);
        Assert.Equal(exit, JsonSerializer.Deserialize(File.ReadAllText(container.Launch.ExitPath), SupervisorJson.Default.ContainerExit));
    }

    [Fact]
    public async Task Run_ManyTimes_LeavesNoProcess()
    {
        for (var i = 0; i < 25; i++)
        {
            await using var container = new SupervisedContainer("true");
            await container.LaunchAsync();
            Assert.Equal(0, (await container.ExitAsync()).ExitCode);
        }
    }

    [Fact]
    public async Task Launch_OfAMissingProgram_FailsWith127_AndTheSupervisorEnds()
    {
        await using var container = new SupervisedContainer("no-such-program");

        var thrown = await Assert.ThrowsAsync<SupervisorException>(container.LaunchAsync);

        Assert.Equal(127, thrown.Failure.ExitCode);
        Assert.Contains("executable file not found in $PATH", thrown.Message, StringComparison.Ordinal);
        await container.Ended;
        Assert.False(File.Exists(container.Launch.SocketPath));
        Assert.False(container.Cgroup.Exists);
    }

    [Fact]
    public async Task Idle_SupervisorIsSmall()
    {
        await using var container = new SupervisedContainer("sleep", "100");
        await container.LaunchAsync();
        await using var another = new SupervisedContainer("sleep", "100"); // the program's pages are all supervisors' together
        await another.LaunchAsync();

        var process = $"/proc/{container.Process.Pid}";
        await Host.EventuallyAsync(() => Sleeps(process), "the supervisor sleeps");
        var memory = File.ReadLines($"{process}/smaps_rollup").Where(line => line.StartsWith("Private_Dirty:", StringComparison.Ordinal)).Single();
        var kilobytes = int.Parse(memory.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], provider: null);

        Assert.InRange(kilobytes, 1, 3 << 10);
        Assert.InRange(Directory.GetDirectories($"{process}/task").Length, 1, 2);
        Assert.Equal("berth-supervise", File.ReadAllText($"{process}/comm").Trim());
    }

    [Fact]
    public async Task Container_InheritsNothingOfTheSupervisor()
    {
        await using var container = new SupervisedContainer("cat", "/proc/self/status");
        await container.LaunchAsync();
        await container.ExitAsync();
        await using var lister = new SupervisedContainer("ls", "/proc/self/fd");
        await lister.LaunchAsync();
        await lister.ExitAsync();

        Assert.Equal(["0\n", "1\n", "2\n", "3\n"], lister.LoggedLines()); // 3 is ls's own, of the directory
        var lines = container.LoggedLines().ToArray();
        Assert.Equal("SigIgn:\t0000000000000000\n", lines.Single(line => line.StartsWith("SigIgn", StringComparison.Ordinal)));
        Assert.Equal("SigBlk:\t0000000000000000\n", lines.Single(line => line.StartsWith("SigBlk", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Terminal_EchoesAndResizes()
    {
        await using var container = new SupervisedContainer();
        container.Spec = container.Spec with { Process = SupervisedContainer.Shell("stty size; read x; stty size; echo got $x", terminal: true) with { ConsoleSize = new OciBox(24, 80) } };
        container.Launch = container.Launch with { OpenStdin = true };
        await container.Control.ListenAsync(container.Launch.SocketPath, Ct);
        using var stream = await container.AttachAsync();
        await container.LaunchAsync();

        await SupervisedContainer.ReadUntilAsync(stream, "24 80");
        using var other = await container.ConnectAsync();
        await other.ResizeAsync(null, 50, 132, Ct);
        stream.Send("word\r"u8);

        Assert.Contains("50 132\r\ngot word\r\n", await SupervisedContainer.ReadAsync(stream), StringComparison.Ordinal);
        Assert.Equal(0, (await container.ExitAsync()).ExitCode);
        Assert.Contains("got word\r\n", container.LoggedLines());
    }

    [Fact]
    public async Task Resize_WithoutATerminal_IsRefused_AndTheConnectionStays()
    {
        await using var container = new SupervisedContainer("sleep", "100");
        await container.LaunchAsync();
        using var other = await container.ConnectAsync();

        await Assert.ThrowsAsync<SupervisorException>(() => other.ResizeAsync(null, 1, 1, Ct));
        await Assert.ThrowsAsync<SupervisorException>(() => other.ResizeAsync("nobody", 1, 1, Ct));

        await other.SignalAsync(9, all: true, Ct);
        Assert.Equal(137, (await container.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Exec_RunsInsideTheContainer_WithItsOwnStdio()
    {
        await using var container = new SupervisedContainer("sleep", "100");
        await container.LaunchAsync();
        var events = container.Control.EventsAsync(Ct).GetAsyncEnumerator(Ct);

        var (started, stream) = await container.ExecAsync("e1", SupervisedContainer.Shell("hostname; cat; echo err >&2; exit 5"));
        stream!.Send("to stdin\n"u8);
        stream.Shutdown(SocketShutdown.Send);

        Assert.Equal(("supervised\nto stdin\n", "err\n"), await SupervisedContainer.ReadFramedAsync(stream));
        Assert.True(await events.MoveNextAsync());
        var exited = Assert.IsType<SupervisorEvent.ExecExited>(events.Current).Value;
        Assert.Equal(("e1", 5), (exited.ExecId, exited.ExitCode));
        Assert.True(started.Pid > 0);
        stream.Dispose();
    }

    [Fact]
    public async Task Exec_WithTerminal_Resizes()
    {
        await using var container = new SupervisedContainer("sleep", "100");
        await container.LaunchAsync();

        var (_, stream) = await container.ExecAsync("e1", SupervisedContainer.Shell("read x; stty size", terminal: true));
        using var other = await container.ConnectAsync();
        await other.ResizeAsync("e1", 33, 99, Ct);
        stream!.Send("\r"u8);

        Assert.Contains("33 99\r\n", await SupervisedContainer.ReadAsync(stream), StringComparison.Ordinal);
        stream.Dispose();
    }

    [Fact]
    public async Task Exec_OfAMissingProgram_Fails_AndTheConnectionStays()
    {
        await using var container = new SupervisedContainer("sleep", "100");
        await container.LaunchAsync();
        using var connection = await container.ConnectAsync();

        var thrown = await Assert.ThrowsAsync<SupervisorException>(() => connection.ExecAsync(
            new ExecRequest { ExecId = "e1", Process = new OciProcess { Args = ["nothing"], Env = ["PATH=/bin"] }, AttachStdout = true }, Ct));
        var (started, stream) = await connection.ExecAsync(new ExecRequest { ExecId = "e2", Process = SupervisedContainer.Shell("exit 0") }, Ct);

        Assert.Equal(127, thrown.Failure.ExitCode);
        Assert.True(started.Pid > 0);
        Assert.Null(stream);
    }

    [Fact]
    public async Task Exec_StillRunning_EndsWithTheContainer_AndIsToldFirst()
    {
        await using var container = new SupervisedContainer("sleep", "100");
        await container.LaunchAsync();
        await container.ExecAsync("e1", SupervisedContainer.Shell("sleep 100"), attach: false);

        using var other = await container.ConnectAsync();
        await other.SignalAsync(9, all: false, Ct);

        var seen = new List<SupervisorEvent>();
        await container.ExitAsync(seen);
        Assert.Equal(137, Assert.IsType<SupervisorEvent.ExecExited>(seen[0]).Value.ExitCode);
    }

    [Fact]
    public async Task Daemon_Killed_LosesNoLine_AndANewOneGoesOn()
    {
        await using var container = new SupervisedContainer("sh", "-c", "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; read x; echo $x; exit 3");
        container.Launch = container.Launch with { OpenStdin = true, StdinOnce = true };
        await container.LaunchAsync();
        container.Control.Dispose(); // all that the container sees of a daemon that was killed

        await container.UntilLoggedAsync("line 2999");
        using var watcher = await container.ConnectAsync();
        await using var events = watcher.WatchAsync(Ct).GetAsyncEnumerator(Ct);
        Assert.True(await events.MoveNextAsync());
        var state = Assert.IsType<SupervisorEvent.State>(events.Current).Value;
        using (var stream = await container.AttachAsync())
        {
            stream.Send("again\n"u8);
            Assert.Equal("again\n", (await SupervisedContainer.ReadFramedAsync(stream)).Stdout);
        }

        Assert.True(await events.MoveNextAsync());
        Assert.Equal(3, Assert.IsType<SupervisorEvent.Exited>(events.Current).Value.ExitCode);
        Assert.Equal(container.Launched!.Pid, state.Pid);
        Assert.Equal(container.Launched.StartedAt, state.StartedAt);
        Assert.Equal([.. Enumerable.Range(0, 3000).Select(i => $"line {i}\n"), "again\n"], container.LoggedLines());
    }

    [Fact]
    public async Task Supervisor_Killed_TakesItsContainerWithIt()
    {
        await using var container = new SupervisedContainer("sleep", "100");
        var launched = await container.LaunchAsync();

        using var init = Processes.OpenPid(launched.Pid);
        Assert.True(container.Process.TrySignal(9));

        await Assert.ThrowsAsync<EndOfStreamException>(() => container.ExitAsync());
        Assert.True(Waiting.ForInput(init, TimeSpan.FromSeconds(10)), "the container goes on without its supervisor");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(15)]
    public async Task Supervisor_AskedToEnd_Stays(int signal)
    {
        await using var container = new SupervisedContainer("sh", "-c", "read x; exit 4");
        container.Launch = container.Launch with { OpenStdin = true };
        await container.LaunchAsync();

        container.Process.TrySignal(signal);
        using var other = await container.ConnectAsync();
        await other.CloseStdinAsync(Ct);

        Assert.Equal(4, (await container.ExitAsync()).ExitCode);
    }

    [Fact]
    public async Task Client_ThatDoesNotRead_DoesNotHoldTheContainerUp_AndLosesNothing()
    {
        await using var container = new SupervisedContainer("sh", "-c", "yes 0123456789 | head -c 99000000; echo end >&2");
        await container.Control.ListenAsync(container.Launch.SocketPath, Ct);
        using var stream = await container.AttachAsync(stdin: false);
        await container.LaunchAsync();

        Assert.Equal(0, (await container.ExitAsync()).ExitCode);
        var output = await SupervisedContainer.ReadFramedAsync(stream);

        Assert.Equal((99_000_000, "end\n"), (output.Stdout.Length, output.Stderr));
        Assert.Equal(9_000_001, File.ReadLines(container.Launch.Log!.Path).Count());
        await container.Ended;
    }

    [Fact]
    public async Task Log_RotatedAndCompressed_IsWhole()
    {
        await using var container = new SupervisedContainer("seq", "0", "9999");
        container.Launch = container.Launch with { Log = container.Launch.Log! with { MaxSizeBytes = 300_000, MaxFiles = 5, Compress = true } };
        await container.LaunchAsync();
        await container.ExitAsync();
        await container.Ended;

        var numbers = new List<int>();
        foreach (var suffix in (string[])[".4", ".3", ".2", ".1", ""])
        {
            numbers.AddRange(ReadLog(container.Launch.Log!.Path + suffix).Select(line => int.Parse(JsonDocument.Parse(line).RootElement.GetProperty("log").GetString()!, provider: null)));
        }

        Assert.Equal(Enumerable.Range(0, 10_000), numbers);
        Assert.True(File.Exists(container.Launch.Log!.Path + ".1.gz"));
        Assert.False(File.Exists(container.Launch.Log.Path + ".gz.new"));
    }

    [Fact]
    public async Task Log_OnAFullDisk_IsCounted_AndTheContainerGoesOn()
    {
        await using var container = new SupervisedContainer("sh", "-c", "seq 0 9999; read x; echo after; read y");
        var disk = Directory.CreateDirectory(container["disk"]).FullName;
        Mounts.Mount("tmpfs", disk, "tmpfs", "size=64k");
        try
        {
            container.Launch = container.Launch with { OpenStdin = true, Log = container.Launch.Log! with { Path = Path.Combine(disk, "log") } };
            await container.LaunchAsync();
            using var stream = await container.AttachAsync();
            stream.Send("\n"u8);
            var buffer = new byte[64];
            Assert.True(await stream.ReceiveAsync(buffer, Ct) > 0);

            using var watcher = await container.ConnectAsync();
            await using var events = watcher.WatchAsync(Ct).GetAsyncEnumerator(Ct);
            await events.MoveNextAsync();
            var state = Assert.IsType<SupervisorEvent.State>(events.Current).Value;
            Assert.True(state.LogErrors > 0);
            Assert.Contains("no space left", state.LastLogError, StringComparison.Ordinal);
            Assert.Equal(container.LoggedLines(), Enumerable.Range(0, container.LoggedLines().Count()).Select(i => $"{i}\n"));
            stream.Send("\n"u8);
            await container.ExitAsync();
            await container.Ended;
        }
        finally
        {
            Mounts.Unmount(disk);
        }
    }

    [Fact]
    public async Task OutOfMemory_IsToldWithItsVictim()
    {
        await using var container = new SupervisedContainer("tail", "/dev/zero");
        Assert.SkipUnless(CgroupHost.Detect().Controllers.Contains("memory"), "needs the memory controller");
        container.Spec = container.Spec with { Linux = container.Spec.Linux! with { Resources = new OciResources { Memory = new OciMemory { Limit = 16 << 20 } } } };
        await container.LaunchAsync();

        var seen = new List<SupervisorEvent>();
        var exit = await container.ExitAsync(seen);

        Assert.Equal((137, true), (exit.ExitCode, exit.OomKilled));
        Assert.Contains(seen, happened => happened is SupervisorEvent.Oom);
        if (exit.OomVictim is not null) // the kernel's log may be closed to us
        {
            Assert.Contains("tail", exit.OomVictim, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task HostPidNamespace_LeftoversAreEnded()
    {
        await using var container = new SupervisedContainer("sh", "-c", "sleep 1000 & exit 0");
        container.Spec = container.Spec with { Linux = container.Spec.Linux! with { Namespaces = [new("mount"), new("uts")] } };
        await container.LaunchAsync();

        var exit = await container.ExitAsync();

        Assert.Equal((0, null), (exit.ExitCode, exit.Error));
        Assert.False(container.Cgroup.Exists);
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("crun")]
    public async Task ForeignRuntime_RunsExecsAndEnds(string runtime)
    {
        SkipUnlessItWorks(runtime);
        await using var container = new SupervisedContainer("sh", "-c", "echo out; echo err >&2; read x; exit $x");
        container.Launch = container.Launch with { ForeignRuntimePath = Host.Find(runtime), OpenStdin = true };
        await container.LaunchAsync();
        await container.UntilLoggedAsync("err");

        var (_, stream) = await container.ExecAsync("e1", SupervisedContainer.Shell("hostname; cat; exit 6"));
        stream!.Send("in"u8);
        stream.Shutdown(SocketShutdown.Send);
        var output = await SupervisedContainer.ReadFramedAsync(stream);
        using (var attached = await container.AttachAsync())
        {
            attached.Send("9\n"u8);
            await SupervisedContainer.ReadFramedAsync(attached);
        }

        var seen = new List<SupervisorEvent>();
        var exit = await container.ExitAsync(seen);
        Assert.Equal("supervised\nin", output.Stdout);
        Assert.Equal((9, null), (exit.ExitCode, exit.Error));
        Assert.Equal(6, Assert.IsType<SupervisorEvent.ExecExited>(seen[0]).Value.ExitCode);
        Assert.Equal(["err\n", "out\n"], container.LoggedLines().Order());
        Assert.False(container.Cgroup.Exists);
        stream.Dispose();
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("crun")]
    public async Task ForeignRuntime_GivesATerminal_AndNamesAMissingProgram(string runtime)
    {
        SkipUnlessItWorks(runtime);
        await using var container = new SupervisedContainer();
        container.Spec = container.Spec with { Process = SupervisedContainer.Shell("read x; stty size", terminal: true) };
        container.Launch = container.Launch with { ForeignRuntimePath = Host.Find(runtime), OpenStdin = true };
        await container.LaunchAsync();
        using var stream = await container.AttachAsync();
        using var other = await container.ConnectAsync();
        await other.ResizeAsync(null, 40, 90, Ct);
        stream.Send("\r"u8);
        Assert.Contains("40 90\r\n", await SupervisedContainer.ReadAsync(stream), StringComparison.Ordinal);

        await using var missing = new SupervisedContainer("no-such-program");
        missing.Launch = missing.Launch with { ForeignRuntimePath = Host.Find(runtime) };
        var thrown = await Assert.ThrowsAsync<SupervisorException>(missing.LaunchAsync);
        Assert.Equal(127, thrown.Failure.ExitCode);
    }

    private static void SkipUnlessItWorks(string runtime)
    {
        Assert.SkipUnless(Host.Find(runtime) is not null, $"needs {runtime}");
        Assert.SkipWhen(runtime == "crun" && CgroupHost.Detect().Mode == CgroupMode.Hybrid, "crun refuses hybrid cgroups");
    }

    private static bool Sleeps(string process) => File.ReadAllText($"{process}/stat").Split(") ")[1].StartsWith('S');

    private static string[] ReadLog(string path)
    {
        if (File.Exists(path))
        {
            return File.ReadAllLines(path);
        }

        if (!File.Exists(path + ".gz"))
        {
            return [];
        }

        using var reader = new StreamReader(new System.IO.Compression.GZipStream(File.OpenRead(path + ".gz"), System.IO.Compression.CompressionMode.Decompress));
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
