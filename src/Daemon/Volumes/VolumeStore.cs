using System.Globalization;
using System.Text.Json;
using Berth.Daemon.Storage;
using Berth.Shared.Api;

namespace Berth.Daemon.Volumes;

/// <summary>Volumes in the database.</summary>
internal sealed class VolumeStore(Database database)
{
    public void Insert(VolumeRecord volume) => database.Write(session => session.Execute(
        "INSERT INTO volumes (name, created, labels, options, intent) VALUES (?1, ?2, ?3, ?4, ?5)",
        volume.Name, volume.CreatedAt.ToString("O", CultureInfo.InvariantCulture), Json(volume.Labels), Json(volume.Options), volume.Intent));

    /// <summary>Writes the intent, which is all that changes.</summary>
    public void Update(VolumeRecord volume) => database.Write(session => session.Execute("UPDATE volumes SET intent = ?2 WHERE name = ?1", volume.Name, volume.Intent));

    public void Delete(string name) => database.Write(session => session.Execute("DELETE FROM volumes WHERE name = ?1", name));

    public IReadOnlyList<VolumeRecord> All() => database.Read(session => session.Query("SELECT name, created, labels, options, intent FROM volumes", row => new VolumeRecord
    {
        Name = row.GetString(0),
        CreatedAt = DateTimeOffset.Parse(row.GetString(1), CultureInfo.InvariantCulture),
        Labels = row.IsDBNull(2) ? null : JsonSerializer.Deserialize(row.GetString(2), ApiJson.Default.StringMap),
        Options = row.IsDBNull(3) ? null : JsonSerializer.Deserialize(row.GetString(3), ApiJson.Default.StringMap),
        Intent = row.IsDBNull(4) ? null : row.GetString(4),
    }));

    private static string? Json(IReadOnlyDictionary<string, string>? map)
        => map is null ? null : JsonSerializer.Serialize(new Dictionary<string, string>(map), ApiJson.Default.StringMap);
}
