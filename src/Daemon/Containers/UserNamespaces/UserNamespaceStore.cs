using Berth.Daemon.Storage;

namespace Berth.Daemon.Containers.UserNamespaces;

/// <summary>Mappings on disk, by container: a range is nobody else's as long as it is written here.</summary>
internal sealed class UserNamespaceStore(Database database)
{
    public void Insert(string containerId, UserMapping mapping) => database.Write(session => session.Execute(
        "INSERT INTO user_namespaces (container, uids, gids, own_range) VALUES (?1, ?2, ?3, ?4)",
        containerId, UserMapping.Format(mapping.Uids), UserMapping.Format(mapping.Gids), mapping.OwnRange ? 1 : 0));

    public void Delete(string containerId) => database.Write(session => session.Execute("DELETE FROM user_namespaces WHERE container = ?1", containerId));

    public IReadOnlyList<(string ContainerId, UserMapping Mapping)> All() => database.Read(session => session.Query(
        "SELECT container, uids, gids, own_range FROM user_namespaces",
        row => (row.GetString(0), new UserMapping(UserMapping.Parse(row.GetString(1)), UserMapping.Parse(row.GetString(2)), row.GetInt32(3) != 0))));
}
