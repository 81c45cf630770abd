using System.Text.Json;
using Berth.Daemon.Storage;

namespace Berth.Daemon.Containers.Exec;

internal sealed class ExecStore(Database database)
{
    public IReadOnlyList<ExecRecord> All() => database.Read(session => session.Query(
        "SELECT record FROM execs", row => JsonSerializer.Deserialize(row.GetString(0), ExecJson.Default.ExecRecord)
            ?? throw new InvalidDataException("an exec's record is null")));

    public void Save(ExecRecord record) => database.Write(session => session.Execute(
        "INSERT INTO execs (id, container, record) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET record = excluded.record",
        record.Id, record.ContainerId, JsonSerializer.Serialize(record, ExecJson.Default.ExecRecord)));

    public void DeleteOf(string containerId) => database.Write(session => session.Execute("DELETE FROM execs WHERE container = ?1", containerId));
}
