using System.Globalization;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;

namespace Berth.Daemon.Networks;

/// <summary>macvlan and ipvlan: the containers' interfaces are made upon one of the host's, and pass its firewall by.</summary>
internal sealed partial class HostNetwork
{
    private const int VlanLimit = 4094;
    private const int NameLimit = 15; // IFNAMSIZ less the NUL

    /// <summary>Removes a network's parent if it was made for it; a parent that was there stays.</summary>
    /// <param name="heir">Another network that has the same parent, which becomes its; null: there is none.</param>
    public void RemoveParent(NetworkRecord network, NetworkRecord? heir = null)
    {
        if (_routes.FindLink(ParentName(network)) is not { } link || link.Alias != ParentAlias(network))
        {
            return;
        }

        if (heir is null)
        {
            Remove(_routes, link.Name);
        }
        else
        {
            _routes.Apply(new RtnetlinkChanges().SetAlias(link.Name, ParentAlias(heir)));
        }
    }

    /// <summary>The interface's own name, or the dummy's that stands in for none.</summary>
    internal static string ParentName(NetworkRecord network) => network.Parent ?? "dm-" + network.Id[..12];

    /// <summary>Splits "eth0.10" into the interface and the VLAN; null for another name.</summary>
    internal static (string Interface, ushort Vlan)? SplitVlan(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot > 0 && ushort.TryParse(name.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var vlan) && vlan is > 0 and <= VlanLimit
            ? (name[..dot], vlan)
            : null;
    }

    // Of whom an interface is stands on the interface itself, so that it is known even when the database is lost.
    private static string ParentAlias(NetworkRecord network) => "made for network " + network.Id;

    private int EnsureParent(NetworkRecord network)
    {
        RequireKind(network.Driver);
        var name = ParentName(network);
        if (name.Length > NameLimit)
        {
            throw NetworkErrors.NoParent(name, $"an interface's name has at most {NameLimit} characters");
        }

        if (_routes.FindLink(name) is { } present)
        {
            RequireAlone(network, present);
            SetUp(present);
            return present.Index;
        }

        if (network.Parent is null)
        {
            MakeStandIn(network, name);
        }
        else
        {
            MakeVlan(network, name);
        }

        var made = _routes.FindLink(name) ?? throw new ErrnoException(Errno.ENODEV, "netlink", $"find interface {name}");
        SetUp(made);
        return made.Index;
    }

    private void SetUp(LinkInfo link)
    {
        if (!link.IsUp)
        {
            _routes.Apply(new RtnetlinkChanges().SetUp(link.Index));
        }
    }

    // A port of a bridge gives its frames to the bridge; the kernel's word for it is "busy".
    private static void RequireAlone(NetworkRecord network, LinkInfo parent)
    {
        if (parent.Master != 0)
        {
            throw NetworkErrors.NoParent(parent.Name, $"it is a port of another interface, and {network.Driver} needs it alone");
        }
    }

    private void MakeVlan(NetworkRecord network, string name)
    {
        if (SplitVlan(name) is not var (below, vlan))
        {
            throw NetworkErrors.NoParent(name, "there is no such interface, and it can be made only for a name such as eth0.10");
        }

        var link = _routes.FindLink(below) ?? throw NetworkErrors.NoParent(name, $"there is no interface {below} to make the VLAN on");
        try
        {
            _routes.Apply(new RtnetlinkChanges().AddVlan(name, link.Index, vlan).SetAlias(name, ParentAlias(network)));
        }
        catch (ErrnoException error) when (error.Errno == Errno.EOPNOTSUPP)
        {
            throw NetworkErrors.NoParent(name, "there is no such interface, and this host's kernel can't make VLANs (its module 8021q)");
        }
    }

    // Without a parent the containers have each other alone. A dummy is what this is for; a pair of interfaces does the same on kernels without it.
    private void MakeStandIn(NetworkRecord network, string name)
    {
        try
        {
            _routes.Apply(new RtnetlinkChanges().AddDummy(name).SetAlias(name, ParentAlias(network)));
        }
        catch (ErrnoException error) when (error.Errno == Errno.EOPNOTSUPP)
        {
            var other = "dp" + name[2..];
            _routes.Apply(new RtnetlinkChanges().AddVeth(name, other, DefaultMtu, peerNamespace: null).SetAlias(name, ParentAlias(network)));
            var peer = _routes.FindLink(other) ?? throw new ErrnoException(Errno.ENODEV, "netlink", $"find interface {other}");
            _routes.Apply(new RtnetlinkChanges().SetUp(peer.Index)); // or the first would have no carrier
        }

        HostSettings.TryWrite($"net/ipv6/conf/{name}/disable_ipv6", "1");
    }

    private SandboxLink AddChild(NetworkRecord network, int parentIndex, Sandbox sandbox, string hostName, string innerName)
    {
        var changes = new RtnetlinkChanges();
        try
        {
            _ = network.Driver == NetworkDriver.Macvlan
                ? changes.AddMacvlan(innerName, parentIndex, MacvlanModeOf(network), network.Mtu, sandbox.Namespace)
                : changes.AddIpvlan(innerName, parentIndex, IpvlanModeOf(network), IpvlanFlagOf(network), network.Mtu, sandbox.Namespace);
            _routes.Apply(changes);
        }
        catch (ErrnoException error) when (error.Errno is Errno.EBUSY or Errno.EINVAL)
        {
            throw NetworkErrors.NoChild(network.Name, network.Driver, ParentName(network), network.Mode, error);
        }

        var inner = sandbox.Inside.FindLink(innerName) ?? throw new ErrnoException(Errno.ENODEV, "netlink", $"find interface {innerName}");
        return new SandboxLink(hostName, inner.Index);
    }

    private static MacvlanMode MacvlanModeOf(NetworkRecord network) => network.Mode switch
    {
        null or "" or "bridge" => MacvlanMode.Bridge,
        "private" => MacvlanMode.Private,
        "vepa" => MacvlanMode.Vepa,
        "passthru" => MacvlanMode.Passthru,
        _ => throw NetworkErrors.UnsupportedField("macvlan_mode", network.Mode, "it is bridge, private, vepa or passthru"),
    };

    private static IpvlanMode IpvlanModeOf(NetworkRecord network) => network.Mode switch
    {
        null or "" or "l2" => IpvlanMode.L2,
        "l3" => IpvlanMode.L3,
        "l3s" => IpvlanMode.L3S,
        _ => throw NetworkErrors.UnsupportedField("ipvlan_mode", network.Mode, "it is l2, l3 or l3s"),
    };

    private static IpvlanFlag IpvlanFlagOf(NetworkRecord network) => network.Options.GetValueOrDefault("ipvlan_flag") switch
    {
        null or "" or "bridge" => IpvlanFlag.Bridge,
        "private" => IpvlanFlag.Private,
        "vepa" => IpvlanFlag.Vepa,
        var other => throw NetworkErrors.UnsupportedField("ipvlan_flag", other, "it is bridge, private or vepa"),
    };

    // Asked without saying upon what, the kernel refuses a kind that it knows by another word than one that it doesn't.
    private void RequireKind(string kind)
    {
        try
        {
            _routes.Apply(new RtnetlinkChanges().ProbeKind(kind));
        }
        catch (ErrnoException error) when (error.Errno == Errno.EOPNOTSUPP)
        {
            throw NetworkErrors.NoDriverInKernel(kind);
        }
        catch (ErrnoException)
        {
            // Known, and refused for being asked so.
        }
    }
}
