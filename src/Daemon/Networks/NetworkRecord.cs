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

    public AddressPlan? IPv4 { get; init; }

    public AddressPlan? IPv6 { get; init; }

    /// <summary>0: that of the host's default route.</summary>
    public int Mtu { get; init; }

    /// <summary>No way in or out, only among its containers.</summary>
    public bool Internal { get; init; }

    /// <summary>Containers reach each other at all their ports.</summary>
    public bool InterContainerCommunication { get; init; } = true;

    public bool Masquerade { get; init; } = true;

    public IReadOnlyDictionary<string, string> Options { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Labels { get; init; } = new Dictionary<string, string>();

    public bool IsPredefined => Driver != NetworkDriver.Bridge || Name == DefaultName;

    public bool IsDefault => Driver == NetworkDriver.Bridge && Name == DefaultName;
}

/// <summary>A network's addresses of one family.</summary>
/// <param name="Gateway">The bridge's own address.</param>
/// <param name="Range">The part of the subnet that containers get addresses from; the subnet itself when it is not narrowed.</param>
internal sealed record AddressPlan(IPNetwork Subnet, IPAddress Gateway, IPNetwork Range);
