using Berth.Daemon.Storage;

namespace Berth.Daemon.Events;

internal sealed class EventMigrations : IMigrations
{
    public string Feature => "events";

    public IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE events (
            time INTEGER PRIMARY KEY,
            type TEXT NOT NULL,
            action TEXT NOT NULL,
            actor TEXT NOT NULL,
            attributes TEXT NOT NULL
        );
        """,
    ];
}
