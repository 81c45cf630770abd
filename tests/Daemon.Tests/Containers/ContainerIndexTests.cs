using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Storage;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Containers;

public sealed class ContainerIndexTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("berth-test").FullName;
    private readonly Database _database;
    private readonly ContainerStore _store;
    private readonly ContainerIndex _index = new();

    public ContainerIndexTests()
    {
        _database = Database.Open(Path.Combine(_directory, "test.db"), [new ContainerMigrations()]);
        _store = new ContainerStore(_database, new Berth.Daemon.Hosting.InForce<Berth.Daemon.Containers.Planning.EngineFacts>(Make.Facts));
    }

    public void Dispose()
    {
        _database.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private ContainerCell Add(string id, string name)
    {
        var record = Make.Record() with { Id = id.PadRight(64, '0'), Name = name };
        _store.Insert(record);
        var cell = new ContainerCell(record, _store);
        _index.Add(cell);
        return cell;
    }

    [Fact]
    public void Resolve_ByIdNameAndPrefix_Finds()
    {
        var cell = Add("abc1", "web");

        Assert.All([cell.Id, "web", "/web", "abc1", "a"], name => Assert.Same(cell, _index.Resolve(name)));
    }

    [Fact]
    public void Resolve_AmbiguousPrefix_IsRefused()
    {
        Add("abc1", "one");
        Add("abc2", "two");

        Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => _index.Resolve("abc")).Kind);
    }

    [Fact]
    public void Resolve_Unknown_IsNotFoundInDockersWords()
        => Assert.Equal("No such container: nope", Assert.Throws<EngineException>(() => _index.Resolve("nope")).Message);

    [Fact]
    public void Reserve_TakenName_IsConflictInDockersWords()
    {
        var owner = Add("abc1", "web");

        var error = Assert.Throws<EngineException>(() => _index.Reserve("web", "other"));

        Assert.Equal(
            $"Conflict. The container name \"/web\" is already in use by container \"{owner.Id}\". You have to remove (or rename) that container to be able to reuse that name.",
            error.Message);
    }

    [Fact]
    public async Task Save_ThenRead_IsTheSameRecord()
    {
        var cell = Add("abc1", "web");
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(1234567);
        using (var turn = await cell.EnterAsync(CancellationToken.None))
        {
            turn.Intend(ContainerIntent.Start);
            turn.Save(turn.Record.Started(7, 6, at));
        }

        var read = Assert.Single(_store.All());

        Assert.Equal(new ContainerState.Running(7, 6, at), read.State);
        Assert.Null(read.Intent);
        Assert.Equal(cell.Record.Plan.Process.Arguments, read.Plan.Process.Arguments);
    }

    [Fact]
    public void Mounts_AreKept()
    {
        var record = Make.Record() with { Mounts = [new MountPlan.Volume("/v", false, "n", true, true, null), new MountPlan.Bind("/b", true, "/s", true, "rslave", true, RecursiveReadOnly.Required)] };
        _store.Insert(record);

        Assert.Equal(record.Mounts, Assert.Single(_store.All()).Mounts);
    }

    [Fact]
    public async Task EnterAsync_AfterRemoval_IsNotFound()
    {
        var cell = Add("abc1", "web");
        cell.AnnounceRemoval(new RunEnd(0, null));

        var error = await Assert.ThrowsAsync<EngineException>(async () => await cell.EnterAsync(CancellationToken.None));

        Assert.Equal(ErrorKind.NotFound, error.Kind);
    }

    [Fact]
    public async Task NextExit_IsToldOncePerRun()
    {
        var cell = Add("abc1", "web");
        var first = cell.NextExit;
        cell.AnnounceExit(new RunEnd(3, null));

        Assert.Equal(3, (await first).ExitCode);
        Assert.False(cell.NextExit.IsCompleted);
    }

    [Theory]
    [InlineData("ab", true)]
    [InlineData("a", false)]
    [InlineData("-ab", false)]
    [InlineData("a b", false)]
    [InlineData("a_b.c-d", true)]
    public void IsValid_Name_ByDockersRule(string name, bool valid) => Assert.Equal(valid, ContainerName.IsValid(name));

    [Fact]
    public void Random_Names_AreValid() => Assert.All(Enumerable.Range(0, 50), attempt => Assert.True(ContainerName.IsValid(ContainerName.Random(attempt))));
}
