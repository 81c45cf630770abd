using Berth.Daemon.Storage;

namespace Berth.Daemon.Containers;

internal sealed class ContainerMigrations : IMigrations
{
    public string Feature => "containers";

    public IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE containers (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            created TEXT NOT NULL,
            image_name TEXT NOT NULL,
            image_id TEXT NOT NULL,
            config TEXT NOT NULL,       -- JSON, the API's Config after the merge with the image
            host_config TEXT NOT NULL,  -- JSON, the API's HostConfig
            endpoints TEXT NOT NULL,    -- JSON, the API's EndpointsConfig
            mounts TEXT NOT NULL,       -- JSON, with the names of anonymous volumes
            state TEXT NOT NULL,        -- JSON, one ContainerState
            restart_count INTEGER NOT NULL,
            stopped_by_user INTEGER NOT NULL,
            intent TEXT
        ) WITHOUT ROWID;
        """,
        // JSON, one HealthState; null for containers without a health check, or that never ran.
        "ALTER TABLE containers ADD COLUMN health TEXT",
    ];
}
