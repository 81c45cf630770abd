using Berth.Daemon.Storage;

namespace Berth.Daemon.Volumes;

internal sealed class VolumeMigrations : IMigrations
{
    public string Feature => "volumes";

    public IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE volumes (
            name TEXT PRIMARY KEY,
            created TEXT NOT NULL,
            labels TEXT,   -- JSON, null when none were given
            options TEXT,  -- JSON, the driver's
            intent TEXT
        ) WITHOUT ROWID;
        """,
    ];
}
