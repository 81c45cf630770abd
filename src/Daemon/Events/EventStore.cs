using System.Text.Json;
using Berth.Daemon.Storage;
using Berth.Shared.Api;
using Microsoft.Data.Sqlite;

namespace Berth.Daemon.Events;

/// <summary>The events of the past in the database, a bounded number of them.</summary>
internal sealed class EventStore(Database database)
{
    private const int Kept = 10_000;

    public void Add(IReadOnlyCollection<EngineEvent> events) => database.Write(session =>
    {
        foreach (var happened in events)
        {
            session.Execute(
                "INSERT OR REPLACE INTO events (time, type, action, actor, attributes) VALUES (?1, ?2, ?3, ?4, ?5)",
                happened.TimeNano, happened.Type, happened.Action, happened.ActorId,
                JsonSerializer.Serialize(new Dictionary<string, string>(happened.Attributes), ApiJson.Wire.StringMap));
        }
    });

    /// <summary>Forgets all but the newest.</summary>
    public void Trim() => database.Write(session =>
        session.Execute("DELETE FROM events WHERE time <= (SELECT time FROM events ORDER BY time DESC LIMIT 1 OFFSET ?1)", Kept));

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<EngineEvent> Newest(int count)
    {
        var events = database.Read(session => session.Query(
            "SELECT time, type, action, actor, attributes FROM events ORDER BY time DESC LIMIT ?1", Read, count));
        events.Reverse();
        return events;
    }

    /// <summary>Oldest first; the end is not included.</summary>
    public IReadOnlyList<EngineEvent> Between(long fromNano, long toNano) => database.Read(session => session.Query(
        "SELECT time, type, action, actor, attributes FROM events WHERE time >= ?1 AND time < ?2 ORDER BY time", Read, fromNano, toNano));

    private static EngineEvent Read(SqliteDataReader row) => new(
        row.GetString(1), row.GetString(2), row.GetString(3),
        JsonSerializer.Deserialize(row.GetString(4), ApiJson.Default.StringMap) ?? [],
        row.GetInt64(0));
}
