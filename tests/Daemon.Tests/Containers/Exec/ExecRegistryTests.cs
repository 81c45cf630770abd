using Berth.Daemon.Containers.Exec;
using Berth.Daemon.Storage;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Supervision;

namespace Berth.Daemon.Tests.Containers.Exec;

public sealed class ExecRegistryTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("berth-test-").FullName;
    private readonly Database database;
    private readonly ExecStore store;
    private readonly ExecRegistry execs;

    public ExecRegistryTests()
    {
        database = Database.Open(Path.Combine(directory, "db"), [new ExecMigrations()]);
        store = new ExecStore(database);
        execs = new ExecRegistry(store);
    }

    public void Dispose()
    {
        database.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task Exit_ToldBeforeStart_IsKept()
    {
        var cell = Running("e1", pid: null);

        execs.Exited("e1", 3);
        cell.Change(record => record.Started(42));

        await cell.Exited.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        Assert.Equal(new ExecState.Exited(42, 3), cell.Record.State);
    }

    [Fact]
    public void Exit_ToldTwice_IsRaisedOnce()
    {
        Running("e1", 42);
        var raised = 0;
        execs.ProcessExited += _ => raised++;

        execs.Exited("e1", 0);
        execs.RunEnded("c1");

        Assert.Equal(1, raised);
    }

    [Fact]
    public void Restore_AfterRestartOfTheDaemon_TakesInWhatHappened()
    {
        Running("runs", 1);
        Running("ended", 2);
        Running("lost", 3);

        var next = new ExecRegistry(store);
        next.Restore(new SupervisorState("c1", 10, 11, DateTimeOffset.UnixEpoch, [new RunningExec("runs", 1)], [new ExecExit("ended", 5, DateTimeOffset.UnixEpoch)], 0, null));

        Assert.Equal(new ExecState.Running(1), next.Resolve("runs").Record.State);
        Assert.Equal(new ExecState.Exited(2, 5), next.Resolve("ended").Record.State);
        Assert.Equal(new ExecState.Exited(3, 137), next.Resolve("lost").Record.State);
        Assert.Equal(["runs"], next.IdsOf("c1"));
    }

    [Fact]
    public void ContainerRemoved_ForgetsItsExecs()
    {
        Running("e1", 42);

        execs.ContainerRemoved("c1");

        Assert.Equal(ErrorKind.NotFound, Assert.Throws<EngineException>(() => execs.Resolve("e1")).Kind);
        Assert.Empty(store.All());
    }

    [Fact]
    public void Request_WithoutCommand_IsInvalid()
        => Assert.Equal("No exec command specified", Assert.Throws<EngineException>(() => ExecRequestReader.Read(new ExecCreateRequest(), "c1", "e1")).Message);

    [Theory]
    [InlineData("=x", null, null)]
    [InlineData("A=1", "relative", null)]
    [InlineData("A=1", "/", "ctrl-9")]
    public void Request_WithWrongField_IsInvalid(string variable, string? directory, string? keys)
    {
        var request = new ExecCreateRequest { Cmd = ["sh"], Env = [variable], WorkingDir = directory, DetachKeys = keys };

        Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => ExecRequestReader.Read(request, "c1", "e1")).Kind);
    }

    [Fact]
    public void Inspect_States_AreToldAsDockerDoes()
    {
        var created = ExecRequestReader.Read(new ExecCreateRequest { Cmd = ["sh", "-c", "x"], Tty = true, ConsoleSize = [10, 20] }, "c1", "e1");

        Assert.Equal(new TerminalSize(10, 20), created.ConsoleSize);
        Assert.Null(ExecEndpoints.Describe(created).ExitCode);
        Assert.True(ExecEndpoints.Describe(created.Starting().Started(7)) is { Running: true, Pid: 7, ExitCode: null });
        Assert.True(ExecEndpoints.Describe(created.Starting().Started(7).Exited(2)) is { Running: false, Pid: 7, ExitCode: 2 });
    }

    private ExecCell Running(string id, int? pid)
    {
        var cell = execs.Add(new ExecRecord { Id = id, ContainerId = "c1", Arguments = ["sh"] });
        cell.Change(record => record.Starting());
        if (pid is { } number)
        {
            cell.Change(record => record.Started(number));
        }

        return cell;
    }
}
