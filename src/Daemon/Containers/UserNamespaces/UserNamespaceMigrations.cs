using Berth.Daemon.Storage;

namespace Berth.Daemon.Containers.UserNamespaces;

internal sealed class UserNamespaceMigrations : IMigrations
{
    public string Feature => "user-namespaces";

    public IReadOnlyList<string> Steps { get; } =
    [
        """
        CREATE TABLE user_namespaces (
            container TEXT PRIMARY KEY,
            uids TEXT NOT NULL,      -- container:host:size, with commas between
            gids TEXT NOT NULL,
            own_range INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
    ];
}
