using Berth.Daemon.Storage;

namespace Berth.Daemon.Networks;

internal sealed class NetworkMigrations : IMigrations
{
    public string Feature => "networks";

    public IReadOnlyList<string> Steps =>
    [
        """
        CREATE TABLE networks (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            driver TEXT NOT NULL,
            created INTEGER NOT NULL,
            bridge TEXT UNIQUE,
            subnet4 TEXT, gateway4 TEXT, range4 TEXT,
            subnet6 TEXT, gateway6 TEXT, range6 TEXT,
            mtu INTEGER NOT NULL,
            internal INTEGER NOT NULL,
            icc INTEGER NOT NULL,
            masquerade INTEGER NOT NULL,
            options TEXT NOT NULL,
            labels TEXT NOT NULL
        );
        -- The two UNIQUE constraints are the last word on "no address is given twice".
        CREATE TABLE network_endpoints (
            id TEXT PRIMARY KEY,
            container_id TEXT NOT NULL,
            container_name TEXT NOT NULL,
            network_id TEXT NOT NULL REFERENCES networks (id),
            sandbox_id TEXT NOT NULL,
            link TEXT NOT NULL,
            interface TEXT NOT NULL,
            mac TEXT NOT NULL,
            ipv4 TEXT,
            ipv6 TEXT,
            aliases TEXT NOT NULL,
            UNIQUE (network_id, ipv4),
            UNIQUE (network_id, ipv6)
        );
        CREATE INDEX network_endpoints_container ON network_endpoints (container_id);
        CREATE TABLE network_ports (
            protocol INTEGER NOT NULL,
            host_address TEXT NOT NULL,
            host_port INTEGER NOT NULL,
            container_id TEXT NOT NULL,
            container_port INTEGER NOT NULL,
            target_address TEXT NOT NULL,
            PRIMARY KEY (protocol, host_address, host_port)
        ) WITHOUT ROWID;
        CREATE INDEX network_ports_container ON network_ports (container_id);
        -- Facts about the host that outlive the daemon, such as "it was Berth that switched forwarding on in this boot".
        CREATE TABLE network_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        """,
        """
        ALTER TABLE networks ADD COLUMN parent TEXT;
        ALTER TABLE networks ADD COLUMN mode TEXT;
        ALTER TABLE networks ADD COLUMN attachable INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE networks ADD COLUMN host_binding TEXT;
        ALTER TABLE networks ADD COLUMN gateway_mode4 INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE networks ADD COLUMN gateway_mode6 INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE networks ADD COLUMN interface_prefix TEXT NOT NULL DEFAULT 'eth';
        ALTER TABLE networks ADD COLUMN auxiliary4 TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE networks ADD COLUMN auxiliary6 TEXT NOT NULL DEFAULT '{}';
        -- 1 from before the first effect of a creation or removal until after its last: a start that finds it removes the network.
        ALTER TABLE networks ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE network_endpoints ADD COLUMN namespace INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE network_endpoints ADD COLUMN position INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE network_endpoints ADD COLUMN hostname TEXT;
        ALTER TABLE network_endpoints ADD COLUMN links TEXT NOT NULL DEFAULT '[]';
        ALTER TABLE network_endpoints ADD COLUMN gateway_priority INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE network_endpoints ADD COLUMN driver_options TEXT NOT NULL DEFAULT '{}';
        ALTER TABLE network_endpoints ADD COLUMN link_local TEXT NOT NULL DEFAULT '[]';
        """,
        """
        ALTER TABLE networks ADD COLUMN configured4 INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE networks ADD COLUMN configured6 INTEGER NOT NULL DEFAULT 0;
        """,
    ];
}
