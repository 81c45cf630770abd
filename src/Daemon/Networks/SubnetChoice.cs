using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>Chooses a network's addresses where the user names none: Docker's pools, in Docker's order, so that habits and firewall rules fit.</summary>
internal static class SubnetChoice
{
    private static readonly IPNetwork[] Pools =
    [
        .. Enumerable.Range(17, 15).Select(second => new IPNetwork(new IPAddress([172, (byte)second, 0, 0]), 16)),
        .. Enumerable.Range(0, 16).Select(part => new IPNetwork(new IPAddress([192, 168, (byte)(part * 16), 0]), 20)),
    ];

    /// <summary>The first pool that overlaps with nothing that is taken.</summary>
    /// <param name="taken">Where the host's routes lead, its resolvers, and the engine's own networks.</param>
    /// <returns>Null when all overlap.</returns>
    public static IPNetwork? Choose(IReadOnlyCollection<IPNetwork> taken)
    {
        foreach (var pool in Pools)
        {
            if (!taken.Any(other => Subnets.Overlap(pool, other)))
            {
                return pool;
            }
        }

        return null;
    }

    /// <summary>A unique local IPv6 network (RFC 4193) of the default size, made from a network's id.</summary>
    public static IPNetwork UniqueLocal(string networkId)
    {
        var bytes = new byte[16];
        bytes[0] = 0xfd;
        Convert.FromHexString(networkId.AsSpan(0, 14)).CopyTo(bytes, 1); // 40 random bits, and 16 more for the subnet
        return new IPNetwork(new IPAddress(bytes), 64);
    }
}
