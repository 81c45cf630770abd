using Berth.Daemon.Storage;

namespace Berth.Daemon.Containers.Exec;

internal sealed class ExecMigrations : IMigrations
{
    public string Feature => "exec";

    public IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE execs (
            id TEXT PRIMARY KEY,
            container TEXT NOT NULL,
            record TEXT NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX execs_of_container ON execs (container);
        """,
    ];
}
