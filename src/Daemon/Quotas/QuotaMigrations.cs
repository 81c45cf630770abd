using Berth.Daemon.Storage;

namespace Berth.Daemon.Quotas;

internal sealed class QuotaMigrations : IMigrations
{
    public string Feature => "quotas";

    public IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE quotas (
            project INTEGER PRIMARY KEY, -- the kernel's id
            owner TEXT NOT NULL UNIQUE   -- volume/NAME or container/ID
        );
        """,
    ];
}
