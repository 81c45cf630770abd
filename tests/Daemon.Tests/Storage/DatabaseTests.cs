using Berth.Daemon.Storage;
using Berth.Shared.Errors;

namespace Berth.Daemon.Tests.Storage;

public sealed class DatabaseTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("berth-db-").FullName;

    private string DatabasePath => Path.Combine(_directory, "root", "berth.db");

    [Fact]
    public void Write_Committed_IsSeenByReadersAndAfterReopening()
    {
        using (var database = Open(new Things()))
        {
            database.Write(s => s.Execute("INSERT INTO things (id, name) VALUES (?1, ?2)", 7, "seven"));

            Assert.Equal("seven", database.Read(s => s.FindText("SELECT name FROM things WHERE id = ?1", 7)));
        }

        using var reopened = Open(new Things());
        Assert.Equal(1, reopened.Read(s => s.FindInteger("SELECT count(*) FROM things")));
    }

    [Fact]
    public void Write_ThatThrows_IsUndoneAndTheNextOneWorks()
    {
        using var database = Open(new Things());

        Assert.Throws<InvalidOperationException>(() => database.Write(s =>
        {
            s.Execute("INSERT INTO things (id, name) VALUES (1, 'x')");
            throw new InvalidOperationException();
        }));

        Assert.Equal(0, database.Write(s => s.FindInteger("SELECT count(*) FROM things")));
    }

    [Fact]
    public void Write_InsideWrite_IsRefusedRatherThanDeadlocked()
    {
        using var database = Open(new Things());

        Assert.Throws<InvalidOperationException>(() => database.Write(_ => database.Write(_ => { })));
    }

    [Fact]
    public void Statement_WithValuesOfOtherTypes_KeepsEachType()
    {
        using var database = Open(new Things());
        const string insert = "INSERT INTO things (id, name) VALUES (?1, ?2)";

        database.Write(s =>
        {
            s.Execute(insert, 1, null);
            s.Execute(insert, 2, "two");
            s.Execute(insert, 3, 3L);
        });

        Assert.Equal(["null", "text", "text"], database.Read(s => s.Query("SELECT typeof(name) FROM things ORDER BY id", r => r.GetString(0))));
    }

    [Fact]
    public void Query_NestedWithTheSameSql_DoesNotDisturbTheOuterOne()
    {
        using var database = Open(new Things());
        database.Write(s =>
        {
            for (var i = 0; i < 3; i++)
            {
                s.Execute("INSERT INTO things (id) VALUES (?1)", i);
            }
        });
        const string all = "SELECT id FROM things ORDER BY id";

        var counts = database.Read(s => s.Query(all, outer => outer.GetInt64(0) + s.Query(all, inner => inner.GetInt64(0)).Count));

        Assert.Equal([3, 4, 5], counts);
    }

    [Fact]
    public async Task Read_DuringAWrite_SeesTheStateBeforeIt()
    {
        using var database = Open(new Things());
        using var inside = new ManualResetEventSlim();
        using var leave = new ManualResetEventSlim();
        var writing = Task.Run(() => database.Write(s =>
        {
            s.Execute("INSERT INTO things (id) VALUES (1)");
            inside.Set();
            leave.Wait(TimeSpan.FromSeconds(20));
        }), TestContext.Current.CancellationToken);
        inside.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        var seen = database.Read(s => s.FindInteger("SELECT count(*) FROM things"));
        leave.Set();
        await writing;

        Assert.Equal(0, seen);
        Assert.Equal(1, database.Read(s => s.FindInteger("SELECT count(*) FROM things")));
    }

    [Fact]
    public void Read_ThatTriesToWrite_IsRefused()
    {
        using var database = Open(new Things());

        Assert.ThrowsAny<Exception>(() => database.Read(s => s.Execute("INSERT INTO things (id) VALUES (1)")));
        Assert.Equal(0, database.Read(s => s.FindInteger("SELECT count(*) FROM things")));
    }

    [Fact]
    public void Open_WithANewStep_RunsOnlyThatStep()
    {
        using (var database = Open(new Things()))
        {
            database.Write(s => s.Execute("INSERT INTO things (id) VALUES (1)"));
        }

        using var upgraded = Open(new ThingsWithSize());

        Assert.Equal(42, upgraded.Read(s => s.FindInteger("SELECT size FROM things WHERE id = 1")));
    }

    [Fact]
    public void Open_WrittenByANewerVersion_SaysSo()
    {
        Open(new ThingsWithSize()).Dispose();

        var error = Assert.Throws<EngineException>(() => Open(new Things()));

        Assert.Contains("newer Berth", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ADamagedFile_SaysSoAndLeavesIt()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(DatabasePath)!);
        File.WriteAllText(DatabasePath, new string('x', 8192));

        var error = Assert.Throws<EngineException>(() => Open(new Things()));

        Assert.Contains("is damaged", error.Message, StringComparison.Ordinal);
        Assert.Equal(8192, new FileInfo(DatabasePath).Length);
    }

    [Fact]
    public void Open_WhileAnotherHasIt_IsRefused()
    {
        using var first = Open(new Things());

        var error = Assert.Throws<EngineException>(() => Open(new Things()));

        Assert.Contains("another daemon", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_MakesFilesForTheOwnerAlone()
    {
        using var database = Open(new Things());
        database.Write(s => s.Execute("INSERT INTO things (id) VALUES (1)"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(DatabasePath)!));
        Assert.All(Directory.GetFiles(Path.GetDirectoryName(DatabasePath)!),
            file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public async Task Write_FromManyThreads_LosesNothing()
    {
        using var database = Open(new Things());

        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                database.Write(s => s.Execute("INSERT INTO things (id) VALUES (?1)", thread * 1000 + i));
                database.Read(s => s.FindInteger("SELECT count(*) FROM things"));
            }
        })));

        Assert.Equal(1600, database.Read(s => s.FindInteger("SELECT count(*) FROM things")));
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    private Database Open(IMigrations feature) => Database.Open(DatabasePath, [feature]);

    private sealed class Things : IMigrations
    {
        public string Feature => "things";

        public IReadOnlyList<string> Steps => ["CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)"];
    }

    private sealed class ThingsWithSize : IMigrations
    {
        public string Feature => "things";

        public IReadOnlyList<string> Steps => [new Things().Steps[0], "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 42"];
    }
}
