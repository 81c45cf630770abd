using System.Globalization;
using System.Text.Json;
using Berth.Daemon.Containers.Health;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Hosting;
using Berth.Daemon.Storage;
using Berth.Shared.Api;
using Microsoft.Data.Sqlite;

namespace Berth.Daemon.Containers;

/// <summary>Containers on disk: what was asked for, written once, and the state, written at each transition.</summary>
internal sealed class ContainerStore(Database database, InForce<EngineFacts> facts)
{
    private const string Columns = "id, name, created, image_name, image_id, config, host_config, endpoints, mounts, state, restart_count, stopped_by_user, intent, health";

    public void Insert(ContainerRecord record) => database.Write(session => session.Execute(
        $"INSERT INTO containers ({Columns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        record.Id,
        record.Name,
        record.CreatedAt.ToString("O", CultureInfo.InvariantCulture),
        record.ImageName,
        record.ImageId,
        JsonSerializer.Serialize(record.Config, ApiJson.Default.ContainerConfig),
        JsonSerializer.Serialize(record.HostConfig, ApiJson.Default.HostConfig),
        JsonSerializer.Serialize(record.Endpoints, ContainerJson.Default.IReadOnlyDictionaryStringEndpointSettings),
        JsonSerializer.Serialize(record.Mounts, ContainerJson.Default.IReadOnlyListMountPlan),
        State(record),
        record.RestartCount,
        record.StoppedByUser ? 1 : 0,
        record.Intent,
        Health(record)));

    /// <summary>Writes all that can change in a container's life.</summary>
    public void Update(ContainerRecord record) => database.Write(session => session.Execute(
        "UPDATE containers SET name = ?2, state = ?3, restart_count = ?4, stopped_by_user = ?5, intent = ?6, health = ?7 WHERE id = ?1",
        record.Id, record.Name, State(record), record.RestartCount, record.StoppedByUser ? 1 : 0, record.Intent, Health(record)));

    /// <summary>Writes the limits, the restart policy and the networks that a user has changed.</summary>
    public void UpdateConfiguration(ContainerRecord record) => database.Write(session => session.Execute(
        "UPDATE containers SET host_config = ?2, endpoints = ?3 WHERE id = ?1",
        record.Id,
        JsonSerializer.Serialize(record.HostConfig, ApiJson.Default.HostConfig),
        JsonSerializer.Serialize(record.Endpoints, ContainerJson.Default.IReadOnlyDictionaryStringEndpointSettings)));

    public void Delete(string id) => database.Write(session => session.Execute("DELETE FROM containers WHERE id = ?1", id));

    public IReadOnlyList<ContainerRecord> All() => database.Read(session => session.Query($"SELECT {Columns} FROM containers", Read));

    private ContainerRecord Read(SqliteDataReader row)
    {
        var config = JsonSerializer.Deserialize(row.GetString(5), ApiJson.Default.ContainerConfig) ?? throw Damaged(row, "config");
        var host = JsonSerializer.Deserialize(row.GetString(6), ApiJson.Default.HostConfig) ?? throw Damaged(row, "host_config");
        var endpoints = JsonSerializer.Deserialize(row.GetString(7), ContainerJson.Default.IReadOnlyDictionaryStringEndpointSettings) ?? throw Damaged(row, "endpoints");
        return new ContainerRecord
        {
            Id = row.GetString(0),
            Name = row.GetString(1),
            CreatedAt = DateTimeOffset.Parse(row.GetString(2), CultureInfo.InvariantCulture),
            ImageName = row.GetString(3),
            ImageId = row.GetString(4),
            Config = config,
            HostConfig = host,
            Endpoints = endpoints,
            Plan = ContainerPlanner.Plan(config, host, endpoints, facts.Value.ForKnownContainers()).Plan,
            Mounts = JsonSerializer.Deserialize(row.GetString(8), ContainerJson.Default.IReadOnlyListMountPlan) ?? throw Damaged(row, "mounts"),
            State = JsonSerializer.Deserialize(row.GetString(9), ContainerJson.Default.ContainerState) ?? throw Damaged(row, "state"),
            RestartCount = row.GetInt32(10),
            StoppedByUser = row.GetInt32(11) != 0,
            Intent = row.IsDBNull(12) ? null : row.GetString(12),
            Health = row.IsDBNull(13) ? null : JsonSerializer.Deserialize(row.GetString(13), ContainerJson.Default.HealthState),
        };
    }

    private static InvalidDataException Damaged(SqliteDataReader row, string column) => new($"containers.{column} of {row.GetString(0)} is null");

    private static string? Health(ContainerRecord record) => record.Health is null ? null : JsonSerializer.Serialize(record.Health, ContainerJson.Default.HealthState);

    private static string State(ContainerRecord record) => JsonSerializer.Serialize(record.State, ContainerJson.Default.ContainerState);
}
