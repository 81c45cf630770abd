using Berth.Shared.Errors;
using Microsoft.Data.Sqlite;

namespace Berth.Daemon.Storage;

internal static class DatabaseErrors
{
    private const int SqliteCorrupt = 11;
    private const int SqliteFull = 13;
    private const int SqliteNotADatabase = 26;

    public static EngineException InUse(string path, Exception inner) => new(ErrorKind.Internal,
        $"another daemon already uses {path}: give this one its own --data-root", inner);

    public static EngineException Newer(string path, string feature, long version, int known) => new(ErrorKind.Internal,
        $"{path} was written by a newer Berth ({feature} is at version {version}, this program knows {known}): start that version, or use another --data-root");

    public static EngineException MigrationFailed(string path, string feature, int step, Exception inner) => new(ErrorKind.Internal,
        $"{path} can't be brought to this version ({feature}, step {step}); it was left as it was: {inner.Message}", inner);

    /// <summary>The failure in the user's words where SQLite's code has a plain meaning; null for the others, which are our bugs.</summary>
    public static EngineException? Translate(string path, SqliteException error) => error.SqliteErrorCode switch
    {
        SqliteFull => new(ErrorKind.Internal, $"no space left on the disk that holds {path}: nothing was changed", error),
        SqliteCorrupt or SqliteNotADatabase => new(ErrorKind.Internal, $"{path} is damaged: move it away or restore a copy ({error.Message})", error),
        _ => null,
    };
}
