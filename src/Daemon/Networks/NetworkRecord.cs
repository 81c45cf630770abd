using System.Collections.ObjectModel;
using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>A network as it is on disk.</summary>
internal sealed record NetworkRecord
{
    public const string DefaultName = "bridge";

    /// <summary>64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>One of <see cref="NetworkDriver"/>.</summary>
    public required string Driver { get; init; }

    public required DateTimeOffset Created { get; init; }

    /// <summary>Name of the bridge interface; null for drivers without one.</summary>
    public string? Bridge { get; init; }

    /// <summary>macvlan and ipvlan: the host's interface that the containers' are made upon; null: a dummy made for the network.</summary>
    public string? Parent { get; init; }

    /// <summary>macvlan: "bridge", "private", "vepa" or "passthru". ipvlan: "l2", "l3" or "l3s". Null for other drivers.</summary>
    public string? Mode { get; init; }

    public AddressPlan? IPv4 { get; init; }

    public AddressPlan? IPv6 { get; init; }

    /// <summary>0: that of the host's default route.</summary>
    public int Mtu { get; init; }

    /// <summary>No way in or out, only among its containers.</summary>
    public bool Internal { get; init; }

    /// <summary>Containers reach each other at all their ports.</summary>
    public bool InterContainerCommunication { get; init; } = true;

    public bool Masquerade { get; init; } = true;

    /// <summary>Kept and shown; it decides something in swarms only.</summary>
    public bool Attachable { get; init; }

    /// <summary>Where ports of its containers are published that name no host address; null: the daemon's default.</summary>
    public IPAddress? HostBinding { get; init; }

    public GatewayMode GatewayModeIPv4 { get; init; }

    public GatewayMode GatewayModeIPv6 { get; init; }

    /// <summary>Names of the containers' interfaces are this and a number.</summary>
    public string InterfacePrefix { get; init; } = "eth";

    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    /// <summary>Being made or being removed: no container is given to it, and a start of the daemon removes what there is of it.</summary>
    public bool Pending { get; init; }

    /// <summary>False: the host has no address on the bridge; the option is Docker's.</summary>
    public bool GivesBridgeIPv4 => GatewayModeIPv4 != GatewayMode.Isolated && Options.GetValueOrDefault("com.docker.network.bridge.inhibit_ipv4") is not ("1" or "t" or "T" or "true" or "TRUE" or "True");

    public bool GivesBridgeIPv6 => GatewayModeIPv6 != GatewayMode.Isolated;

    /// <summary>Nobody gives out addresses: the IPAM driver "null".</summary>
    public bool HasAddresses => IPv4 is not null || IPv6 is not null;

    public bool IsPredefined => Driver is NetworkDriver.Host or NetworkDriver.None || IsDefault;

    /// <summary>Its containers find each other by name.</summary>
    public bool HasNames => !IsPredefined;

    public bool IsDefault => Driver == NetworkDriver.Bridge && Name == DefaultName;
}

/// <summary>A network's addresses of one family.</summary>
/// <param name="Gateway">The bridge's own address; with macvlan and ipvlan a router's, that is only told to containers.</param>
/// <param name="Range">The part of the subnet that containers get addresses from; the subnet itself when it is not narrowed.</param>
internal sealed record AddressPlan(IPNetwork Subnet, IPAddress Gateway, IPNetwork Range)
{
    /// <summary>Addresses that no container gets, each with the name that the user gave it.</summary>
    public IReadOnlyDictionary<string, IPAddress> Auxiliary { get; init; } = ReadOnlyDictionary<string, IPAddress>.Empty;

    /// <summary>The user named the subnet, so that containers may ask for addresses of it; one that was chosen may be another next time.</summary>
    public bool Configured { get; init; }
}

/// <summary>How containers of a bridge network meet the world outside, by address family; the names are those of Docker's option gateway_mode.</summary>
internal enum GatewayMode
{
    /// <summary>Published ports are translated, and containers leave as the host.</summary>
    Nat,

    /// <summary>No translation: a published port is opened at the container's own address, to which others must have a route.</summary>
    Routed,

    /// <summary>As <see cref="Nat"/>, and every port is open at the container's own address too, to those who have a route there.</summary>
    NatUnprotected,

    /// <summary>The bridge has no address of its own: internal networks only.</summary>
    Isolated,
}
