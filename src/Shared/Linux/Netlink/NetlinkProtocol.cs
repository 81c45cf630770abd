namespace Berth.Shared.Linux.Netlink;

/// <summary>The families of netlink(7) that Berth speaks.</summary>
public enum NetlinkProtocol
{
    /// <summary>Links, addresses, routes; rtnetlink(7).</summary>
    Route = 0,

    /// <summary>nftables and connection tracking.</summary>
    Netfilter = 12,
}
