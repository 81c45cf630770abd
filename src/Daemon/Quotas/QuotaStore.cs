using Berth.Daemon.Storage;

namespace Berth.Daemon.Quotas;

/// <summary>Whose each project id is, in the database.</summary>
internal sealed class QuotaStore(Database database)
{
    public void Insert(uint project, string owner) => database.Write(session => session.Execute("INSERT INTO quotas (project, owner) VALUES (?1, ?2)", (long)project, owner));

    public void Delete(string owner) => database.Write(session => session.Execute("DELETE FROM quotas WHERE owner = ?1", owner));

    public IReadOnlyList<(uint Project, string Owner)> All()
        => database.Read(session => session.Query("SELECT project, owner FROM quotas", row => ((uint)row.GetInt64(0), row.GetString(1))));
}
