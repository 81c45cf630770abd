using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>Chooses a network's addresses where the user names none: Docker's pools, in Docker's order, so that habits and firewall rules fit; or those of --default-address-pool.</summary>
internal static class SubnetChoice
{
    private const int UniqueLocalLength = 64;

    /// <summary>What is chosen from without the option.</summary>
    public static IReadOnlyList<AddressPoolOption> DefaultPools { get; } =
    [
        new(IPNetwork.Parse("172.17.0.0/16"), 16),
        new(IPNetwork.Parse("172.18.0.0/16"), 16),
        new(IPNetwork.Parse("172.19.0.0/16"), 16),
        new(IPNetwork.Parse("172.20.0.0/14"), 16),
        new(IPNetwork.Parse("172.24.0.0/14"), 16),
        new(IPNetwork.Parse("172.28.0.0/14"), 16),
        new(IPNetwork.Parse("192.168.0.0/16"), 20),
    ];

    /// <summary>The first subnet of the pools that overlaps with nothing that is taken.</summary>
    /// <param name="pools">Of both families; those of IPv4 count. Empty: Docker's.</param>
    /// <param name="taken">Where the host's routes lead, its resolvers, and the engine's own networks.</param>
    /// <returns>Null when all overlap.</returns>
    public static IPNetwork? ChooseIPv4(IReadOnlyList<AddressPoolOption> pools, IReadOnlyCollection<IPNetwork> taken)
        => Choose(pools.Any(pool => !pool.Base.IsIPv6()) ? pools.Where(pool => !pool.Base.IsIPv6()) : DefaultPools, taken);

    /// <summary>The first free IPv6 subnet of the pools; without IPv6 pools, a unique local one made from the network's id.</summary>
    /// <returns>Null when all overlap.</returns>
    public static IPNetwork? ChooseIPv6(IReadOnlyList<AddressPoolOption> pools, string networkId, IReadOnlyCollection<IPNetwork> taken)
        => pools.Any(pool => pool.Base.IsIPv6()) ? Choose(pools.Where(pool => pool.Base.IsIPv6()), taken) : UniqueLocal(networkId);

    /// <summary>A unique local IPv6 network (RFC 4193) of the default size, made from a network's id.</summary>
    public static IPNetwork UniqueLocal(string networkId)
    {
        var bytes = new byte[16];
        bytes[0] = 0xfd;
        Convert.FromHexString(networkId.AsSpan(0, 14)).CopyTo(bytes, 1); // 40 random bits, and 16 more for the subnet
        return new IPNetwork(new IPAddress(bytes), UniqueLocalLength);
    }

    private static IPNetwork? Choose(IEnumerable<AddressPoolOption> pools, IReadOnlyCollection<IPNetwork> taken)
    {
        foreach (var pool in pools)
        {
            var bits = Subnets.Bits(pool.Base.BaseAddress);
            var (next, last) = Subnets.Range(pool.Base);
            while (next <= last)
            {
                var candidate = new IPNetwork(Subnets.FromNumber(next, bits), pool.SubnetLength);
                var blocking = taken.Where(other => Subnets.Overlap(candidate, other)).Select(other => Subnets.Range(other).Last).ToArray();
                if (blocking.Length == 0)
                {
                    return candidate;
                }

                // On behind the widest of what is in the way, at the next whole subnet: a large pool may have millions of them.
                var size = Subnets.Range(candidate).Last - next + 1;
                var behind = UInt128.Max(blocking.Max(), next + size - 1);
                if (behind >= last)
                {
                    break;
                }

                next += ((behind - next) / size + 1) * size;
            }
        }

        return null;
    }
}

/// <summary>Addresses that networks are cut from: --default-address-pool base=10.10.0.0/16,size=24.</summary>
internal sealed record AddressPoolOption(IPNetwork Base, int SubnetLength);
