using System.Text;

namespace Berth.Kernel.Tests.Networks;

/// <summary>What an asker gets.</summary>
internal enum Reach
{
    No,

    /// <summary>An answer, and the container sees the asker's own address.</summary>
    Yes,

    /// <summary>An answer, and the container sees the host's address on its network.</summary>
    AsGateway,
}

/// <summary>Who asks.</summary>
internal enum Asker
{
    Lan,
    Host,
    Neighbour,
    OtherNetwork,
    InternalNetwork,
    Itself,
}

/// <summary>At which address.</summary>
internal enum AskedAt
{
    HostAddress,
    Loopback,
    Gateway,
    ContainerAddress,
}

/// <summary>
/// Who reaches what, the same for IPv4 and IPv6, TCP and UDP, before and after somebody's "nft flush ruleset" and a restart of the daemon. The page
/// docs/networks.md has it in words; a test compares.
/// </summary>
internal static class ReachTable
{
    /// <summary>How the container's four ports are published: 80 to 83 inside, 8080 to 8083 on the host.</summary>
    public static readonly string[] Publications = ["everywhere", "on loopback", "on one address", "not"];

    public static readonly (Asker From, AskedAt At, Reach[] Of)[] Rows =
    [
        (Asker.Lan, AskedAt.HostAddress, [Reach.Yes, Reach.No, Reach.Yes, Reach.No]),
        (Asker.Lan, AskedAt.ContainerAddress, [Reach.No, Reach.No, Reach.No, Reach.No]),
        (Asker.Host, AskedAt.Loopback, [Reach.AsGateway, Reach.AsGateway, Reach.No, Reach.No]),
        (Asker.Host, AskedAt.HostAddress, [Reach.Yes, Reach.No, Reach.Yes, Reach.No]),
        (Asker.Host, AskedAt.Gateway, [Reach.AsGateway, Reach.No, Reach.No, Reach.No]),
        (Asker.Host, AskedAt.ContainerAddress, [Reach.AsGateway, Reach.AsGateway, Reach.AsGateway, Reach.AsGateway]),
        (Asker.Neighbour, AskedAt.ContainerAddress, [Reach.Yes, Reach.Yes, Reach.Yes, Reach.Yes]),
        (Asker.Neighbour, AskedAt.HostAddress, [Reach.AsGateway, Reach.No, Reach.AsGateway, Reach.No]),
        (Asker.Neighbour, AskedAt.Gateway, [Reach.AsGateway, Reach.No, Reach.No, Reach.No]),
        (Asker.OtherNetwork, AskedAt.ContainerAddress, [Reach.No, Reach.No, Reach.No, Reach.No]),
        (Asker.OtherNetwork, AskedAt.HostAddress, [Reach.AsGateway, Reach.No, Reach.AsGateway, Reach.No]),
        (Asker.OtherNetwork, AskedAt.Gateway, [Reach.AsGateway, Reach.No, Reach.No, Reach.No]),
        (Asker.InternalNetwork, AskedAt.ContainerAddress, [Reach.No, Reach.No, Reach.No, Reach.No]),
        (Asker.InternalNetwork, AskedAt.HostAddress, [Reach.No, Reach.No, Reach.No, Reach.No]),
        (Asker.InternalNetwork, AskedAt.Gateway, [Reach.No, Reach.No, Reach.No, Reach.No]),
        (Asker.Itself, AskedAt.ContainerAddress, [Reach.Yes, Reach.Yes, Reach.Yes, Reach.Yes]),
        (Asker.Itself, AskedAt.HostAddress, [Reach.AsGateway, Reach.No, Reach.AsGateway, Reach.No]),
    ];

    /// <summary>The table as docs/networks.md has it.</summary>
    public static string ToMarkdown()
    {
        var text = new StringBuilder("| from | asked at | published everywhere | on 127.0.0.1, ::1 | on one address of the host | not published |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (var (from, at, of) in Rows)
        {
            text.Append("| ").Append(Words(from)).Append(" | ").Append(Words(from, at)).Append(" |");
            foreach (var reach in of)
            {
                text.Append(reach switch { Reach.No => " no |", Reach.Yes => " yes |", _ => " as gateway |" });
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Words(Asker asker) => asker switch
    {
        Asker.Lan => "another machine",
        Asker.Host => "the host",
        Asker.Neighbour => "a container on the same network",
        Asker.OtherNetwork => "a container on another network",
        Asker.InternalNetwork => "a container on an internal network",
        _ => "the container itself",
    };

    private static string Words(Asker asker, AskedAt at) => at switch
    {
        AskedAt.HostAddress => "the host's address",
        AskedAt.Loopback => "127.0.0.1, ::1",
        AskedAt.Gateway => asker == Asker.Host ? "the network's gateway" : "its own gateway",
        _ => asker == Asker.Itself ? "its own address" : "the container's address",
    };
}
