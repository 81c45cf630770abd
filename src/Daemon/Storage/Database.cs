using System.Collections.Concurrent;
using Berth.Shared.Errors;
using Microsoft.Data.Sqlite;

namespace Berth.Daemon.Storage;

/// <summary>
/// The daemon's one SQLite database: a single writer, any number of readers that see a consistent snapshot and never wait
/// for it (WAL). A write transaction is on the operating system's side when <c>Write</c> returns, so it survives the
/// death of the daemon at any instant; synchronous=NORMAL leaves the fsync to the checkpoint, which runs in the background.
/// </summary>
internal sealed class Database : IDisposable
{
    // Commits between checkpoints. A commit is a few pages, SQLite's own limit (see Open) is only the fallback.
    private const int CommitsPerCheckpoint = 400;
    private const int IdleReadersKept = 4;

    private readonly string _connectionString;
    private readonly FileStream _lock;
    private readonly Lock _writing = new();
    private readonly DatabaseSession _writer;
    private readonly ConcurrentBag<DatabaseSession> _idleReaders = [];
    private int _commits;
    private Task _checkpoint = Task.CompletedTask;

    private Database(string path, FileStream ownership, string connectionString, DatabaseSession writer)
        => (Path, _lock, _connectionString, _writer) = (path, ownership, connectionString, writer);

    public string Path { get; }

    /// <summary>Opens the database, making it and its directory (mode 0700) when missing, and brings every feature's tables up to date.</summary>
    /// <exception cref="EngineException">Internal: damaged, in use by another daemon, or written by a newer version.</exception>
    public static Database Open(string path, IEnumerable<IMigrations> features)
    {
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!, ownerOnly);
        var ownership = TakeOwnership(path);
        DatabaseSession? writer = null;
        try
        {
            // SQLite gives the -wal and -shm files the mode of the database file, so the file is made here, for root alone.
            using (OpenOwnerOnly(path, FileShare.ReadWrite))
            {
            }

            var connectionString = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, DefaultTimeout = 10 }.ToString();
            writer = new DatabaseSession(connectionString);
            writer.RunScript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=10000; PRAGMA wal_autocheckpoint=8000;");
            Migrate(path, writer, features);
            return new Database(path, ownership, connectionString, writer);
        }
        catch (Exception error)
        {
            writer?.Dispose();
            ownership.Dispose();
            if (error is SqliteException sqlite && DatabaseErrors.Translate(path, sqlite) is { } translated)
            {
                throw translated;
            }

            throw;
        }
    }

    /// <summary>Runs <paramref name="read"/> on one consistent snapshot.</summary>
    public T Read<T>(Func<DatabaseSession, T> read)
    {
        if (!_idleReaders.TryTake(out var session))
        {
            session = new DatabaseSession(_connectionString);
            session.RunScript("PRAGMA query_only=ON; PRAGMA busy_timeout=10000; PRAGMA cache_size=-512;");
        }

        var reusable = false;
        try
        {
            session.Execute("BEGIN");
            var result = read(session);
            session.Execute("COMMIT");
            reusable = true;
            return result;
        }
        catch (SqliteException error) when (DatabaseErrors.Translate(Path, error) is { } translated)
        {
            throw translated;
        }
        finally
        {
            // A session that failed may be in the middle of a transaction: it is cheaper to forget than to repair.
            if (reusable && _idleReaders.Count < IdleReadersKept)
            {
                _idleReaders.Add(session);
            }
            else
            {
                session.Dispose();
            }
        }
    }

    /// <summary>Runs <paramref name="write"/> as one transaction: it is whole on disk when this returns, and undone if it throws.</summary>
    public void Write(Action<DatabaseSession> write)
        => Write<object?>(session =>
        {
            write(session);
            return null;
        });

    /// <inheritdoc cref="Write(Action{DatabaseSession})"/>
    public T Write<T>(Func<DatabaseSession, T> write)
    {
        if (_writing.IsHeldByCurrentThread)
        {
            throw new InvalidOperationException("a write transaction inside another one: pass the session on instead");
        }

        lock (_writing)
        {
            // Immediate: the lock is taken before the first read, so that a transaction never fails half-way as stale.
            _writer.Execute("BEGIN IMMEDIATE");
            try
            {
                var result = write(_writer);
                _writer.Execute("COMMIT");
                CheckpointSometimes();
                return result;
            }
            catch (Exception error)
            {
                if (_writer.InTransaction)
                {
                    _writer.Execute("ROLLBACK");
                }

                if (error is SqliteException sqlite && DatabaseErrors.Translate(Path, sqlite) is { } translated)
                {
                    throw translated;
                }

                throw;
            }
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _checkpoint.Wait();
            while (_idleReaders.TryTake(out var reader))
            {
                reader.Dispose();
            }

            _writer.Dispose(); // the last connection: SQLite checkpoints and removes the WAL
        }

        _lock.Dispose();
    }

    // Two daemons over one data root would adopt each other's containers; the kernel drops this lock with the process, however it dies.
    private static FileStream TakeOwnership(string path)
    {
        try
        {
            return OpenOwnerOnly(path + ".lock", FileShare.None);
        }
        catch (IOException error)
        {
            throw DatabaseErrors.InUse(path, error);
        }
    }

    private static FileStream OpenOwnerOnly(string path, FileShare share) => new(path, new FileStreamOptions
    {
        Mode = FileMode.OpenOrCreate,
        Access = FileAccess.ReadWrite,
        Share = share,
        UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
    });

    private static void Migrate(string path, DatabaseSession session, IEnumerable<IMigrations> features)
    {
        session.RunScript("CREATE TABLE IF NOT EXISTS migrations (feature TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID");
        foreach (var feature in features)
        {
            var version = session.FindInteger("SELECT version FROM migrations WHERE feature = ?1", feature.Feature) ?? 0;
            if (version > feature.Steps.Count)
            {
                throw DatabaseErrors.Newer(path, feature.Feature, version, feature.Steps.Count);
            }

            for (var step = (int)version; step < feature.Steps.Count; step++)
            {
                Apply(path, session, feature, step);
            }
        }
    }

    private static void Apply(string path, DatabaseSession session, IMigrations feature, int step)
    {
        session.Execute("BEGIN IMMEDIATE");
        try
        {
            session.RunScript(feature.Steps[step]);
            session.Execute(
                "INSERT INTO migrations (feature, version) VALUES (?1, ?2) ON CONFLICT (feature) DO UPDATE SET version = excluded.version",
                feature.Feature, step + 1);
            session.Execute("COMMIT");
        }
        catch (SqliteException error)
        {
            if (session.InTransaction)
            {
                session.Execute("ROLLBACK");
            }

            throw DatabaseErrors.MigrationFailed(path, feature.Feature, step, error);
        }
    }

    // A checkpoint is where the fsync happens; on its own thread and connection it costs no request anything.
    private void CheckpointSometimes()
    {
        if (++_commits < CommitsPerCheckpoint || !_checkpoint.IsCompleted)
        {
            return;
        }

        _commits = 0;
        _checkpoint = Task.Run(() =>
        {
            try
            {
                using var session = new DatabaseSession(_connectionString);
                session.RunScript("PRAGMA wal_checkpoint(PASSIVE)");
            }
            catch (SqliteException)
            {
                // Nothing is lost: the log keeps growing, and the writer's own limit checkpoints with the error told to its caller.
            }
        });
    }
}
