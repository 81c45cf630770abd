using System.Collections.ObjectModel;
using System.Net;
using System.Text.Json;
using Berth.Daemon.Storage;
using Microsoft.Data.Sqlite;

namespace Berth.Daemon.Networks;

/// <summary>Networks, endpoints and published ports in the database.</summary>
internal sealed class NetworkStore(Database database)
{
    private const string NetworkColumns =
        "id, name, driver, created, bridge, subnet4, gateway4, range4, subnet6, gateway6, range6, mtu, internal, icc, masquerade, options, labels, "
        + "parent, mode, attachable, host_binding, gateway_mode4, gateway_mode6, interface_prefix, auxiliary4, auxiliary6, pending, configured4, configured6";

    private const string EndpointColumns =
        "id, container_id, container_name, network_id, sandbox_id, link, interface, mac, ipv4, ipv6, aliases, "
        + "namespace, position, hostname, links, gateway_priority, driver_options, link_local";

    public List<NetworkRecord> Networks() => database.Read(session => session.Query($"SELECT {NetworkColumns} FROM networks ORDER BY created, name", ReadNetwork));

    public List<EndpointRecord> Endpoints() => database.Read(session => session.Query($"SELECT {EndpointColumns} FROM network_endpoints ORDER BY position", ReadEndpoint));

    public List<PortRecord> Ports() => database.Read(session => session.Query(
        "SELECT container_id, container_port, protocol, host_address, host_port, target_address FROM network_ports",
        row => new PortRecord(
            row.GetString(0),
            new PublishedPort(new ContainerPort((ushort)row.GetInt32(1), (PortProtocol)row.GetByte(2)), IPAddress.Parse(row.GetString(3)), (ushort)row.GetInt32(4)),
            IPAddress.Parse(row.GetString(5)))));

    /// <summary>Adds a network, or replaces the one of the same id.</summary>
    public void Save(NetworkRecord network) => database.Write(session => session.Execute(
        $"""
        INSERT INTO networks ({NetworkColumns})
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)
        ON CONFLICT (id) DO UPDATE SET
            name = excluded.name, bridge = excluded.bridge, subnet4 = excluded.subnet4, gateway4 = excluded.gateway4, range4 = excluded.range4,
            subnet6 = excluded.subnet6, gateway6 = excluded.gateway6, range6 = excluded.range6, mtu = excluded.mtu, internal = excluded.internal,
            icc = excluded.icc, masquerade = excluded.masquerade, options = excluded.options, labels = excluded.labels, pending = excluded.pending
        """,
        network.Id, network.Name, network.Driver, network.Created.UtcTicks, network.Bridge,
        network.IPv4?.Subnet.ToString(), network.IPv4?.Gateway.ToString(), network.IPv4?.Range.ToString(),
        network.IPv6?.Subnet.ToString(), network.IPv6?.Gateway.ToString(), network.IPv6?.Range.ToString(),
        network.Mtu, network.Internal, network.InterContainerCommunication, network.Masquerade, Json(network.Options), Json(network.Labels),
        network.Parent, network.Mode, network.Attachable, network.HostBinding?.ToString(), (int)network.GatewayModeIPv4, (int)network.GatewayModeIPv6,
        network.InterfacePrefix, Auxiliary(network.IPv4), Auxiliary(network.IPv6), network.Pending,
        network.IPv4?.Configured ?? false, network.IPv6?.Configured ?? false));

    public void SetPending(string networkId, bool pending)
        => database.Write(session => session.Execute("UPDATE networks SET pending = ?2 WHERE id = ?1", networkId, pending));

    public void DeleteNetwork(string id) => database.Write(session => session.Execute("DELETE FROM networks WHERE id = ?1", id));

    /// <summary>Records a container's endpoints and ports, before anything of them exists.</summary>
    public void Add(IReadOnlyList<EndpointRecord> endpoints, IReadOnlyList<PortRecord> ports) => database.Write(session =>
    {
        foreach (var endpoint in endpoints)
        {
            session.Execute(
                $"INSERT INTO network_endpoints ({EndpointColumns}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
                endpoint.Id, endpoint.ContainerId, endpoint.ContainerName, endpoint.NetworkId, endpoint.SandboxId, endpoint.Link, endpoint.InterfaceName,
                endpoint.MacAddress, endpoint.IPv4Address?.ToString(), endpoint.IPv6Address?.ToString(), Json(endpoint.Aliases),
                (long)endpoint.Namespace, endpoint.Position, endpoint.Hostname, Json(endpoint.Links), endpoint.GatewayPriority,
                Json(endpoint.DriverOptions), Json(endpoint.LinkLocalAddresses));
        }

        AddPorts(session, ports);
    });

    /// <summary>Replaces all ports of a container by others, in one step.</summary>
    public void ReplacePorts(string containerId, IReadOnlyList<PortRecord> ports) => database.Write(session =>
    {
        session.Execute("DELETE FROM network_ports WHERE container_id = ?1", containerId);
        AddPorts(session, ports);
    });

    public void DeletePorts(string containerId)
        => database.Write(session => session.Execute("DELETE FROM network_ports WHERE container_id = ?1", containerId));

    /// <summary>Gives the addresses back: to be called when the endpoints' interfaces are gone.</summary>
    public void DeleteEndpoints(IReadOnlyList<EndpointRecord> endpoints) => database.Write(session =>
    {
        foreach (var endpoint in endpoints)
        {
            session.Execute("DELETE FROM network_endpoints WHERE id = ?1", endpoint.Id);
        }
    });

    public void Rename(string containerId, string name)
        => database.Write(session => session.Execute("UPDATE network_endpoints SET container_name = ?2 WHERE container_id = ?1", containerId, name));

    public string? FindFact(string name) => database.Read(session => session.FindText("SELECT value FROM network_facts WHERE name = ?1", name));

    public void SaveFact(string name, string value) => database.Write(session => session.Execute(
        "INSERT INTO network_facts (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value));

    public void DeleteFact(string name) => database.Write(session => session.Execute("DELETE FROM network_facts WHERE name = ?1", name));

    private static void AddPorts(DatabaseSession session, IReadOnlyList<PortRecord> ports)
    {
        foreach (var port in ports)
        {
            session.Execute(
                "INSERT INTO network_ports (protocol, host_address, host_port, container_id, container_port, target_address) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                (int)port.Port.Container.Protocol, port.Port.HostAddress.ToString(), (int)port.Port.HostPort, port.ContainerId,
                (int)port.Port.Container.Port, port.TargetAddress.ToString());
        }
    }

    private static NetworkRecord ReadNetwork(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        Name = row.GetString(1),
        Driver = row.GetString(2),
        Created = new DateTimeOffset(row.GetInt64(3), TimeSpan.Zero),
        Bridge = row.IsDBNull(4) ? null : row.GetString(4),
        IPv4 = ReadPlan(row, 5, auxiliary: 24, configured: 27),
        IPv6 = ReadPlan(row, 8, auxiliary: 25, configured: 28),
        Mtu = row.GetInt32(11),
        Internal = row.GetBoolean(12),
        InterContainerCommunication = row.GetBoolean(13),
        Masquerade = row.GetBoolean(14),
        Options = ReadMap(row, 15),
        Labels = ReadMap(row, 16),
        Parent = row.IsDBNull(17) ? null : row.GetString(17),
        Mode = row.IsDBNull(18) ? null : row.GetString(18),
        Attachable = row.GetBoolean(19),
        HostBinding = row.IsDBNull(20) ? null : IPAddress.Parse(row.GetString(20)),
        GatewayModeIPv4 = (GatewayMode)row.GetInt32(21),
        GatewayModeIPv6 = (GatewayMode)row.GetInt32(22),
        InterfacePrefix = row.GetString(23),
        Pending = row.GetBoolean(26),
    };

    private static AddressPlan? ReadPlan(SqliteDataReader row, int column, int auxiliary, int configured) => row.IsDBNull(column)
        ? null
        : new AddressPlan(IPNetwork.Parse(row.GetString(column)), IPAddress.Parse(row.GetString(column + 1)), IPNetwork.Parse(row.GetString(column + 2)))
        {
            Configured = row.GetBoolean(configured),
            Auxiliary = ReadMap(row, auxiliary) is { Count: > 0 } reserved
                ? reserved.ToDictionary(entry => entry.Key, entry => IPAddress.Parse(entry.Value))
                : ReadOnlyDictionary<string, IPAddress>.Empty,
        };

    private static EndpointRecord ReadEndpoint(SqliteDataReader row) => new()
    {
        Id = row.GetString(0),
        ContainerId = row.GetString(1),
        ContainerName = row.GetString(2),
        NetworkId = row.GetString(3),
        SandboxId = row.GetString(4),
        Link = row.GetString(5),
        InterfaceName = row.GetString(6),
        MacAddress = row.GetString(7),
        IPv4Address = row.IsDBNull(8) ? null : IPAddress.Parse(row.GetString(8)),
        IPv6Address = row.IsDBNull(9) ? null : IPAddress.Parse(row.GetString(9)),
        Aliases = ReadList(row, 10),
        Namespace = (ulong)row.GetInt64(11),
        Position = row.GetInt32(12),
        Hostname = row.IsDBNull(13) ? null : row.GetString(13),
        Links = ReadList(row, 14),
        GatewayPriority = row.GetInt32(15),
        DriverOptions = ReadMap(row, 16),
        LinkLocalAddresses = ReadList(row, 17),
    };

    private static string Auxiliary(AddressPlan? plan)
        => plan is null ? "{}" : Json(plan.Auxiliary.ToDictionary(entry => entry.Key, entry => entry.Value.ToString()));

    private static string Json(IReadOnlyDictionary<string, string> map) => map.Count == 0 ? "{}" : JsonSerializer.Serialize(map, NetworksJson.Default.IReadOnlyDictionaryStringString);

    private static string Json(IReadOnlyList<string> list) => list.Count == 0 ? "[]" : JsonSerializer.Serialize(list, NetworksJson.Default.IReadOnlyListString);

    private static Dictionary<string, string> ReadMap(SqliteDataReader row, int column)
        => row.GetString(column) is var text && text != "{}" ? JsonSerializer.Deserialize(text, NetworksJson.Default.DictionaryStringString) ?? [] : [];

    private static string[] ReadList(SqliteDataReader row, int column)
        => row.GetString(column) is var text && text != "[]" ? JsonSerializer.Deserialize(text, NetworksJson.Default.StringArray) ?? [] : [];
}
