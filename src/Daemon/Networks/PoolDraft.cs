using System.Collections.ObjectModel;
using System.Globalization;
using System.Net;
using Berth.Shared.Api;
using Berth.Shared.Errors;

namespace Berth.Daemon.Networks;

/// <summary>A network's addresses of one family as they were asked for; without a subnet, all is chosen.</summary>
internal sealed record PoolDraft
{
    public IPNetwork? Subnet { get; init; }

    public IPNetwork? Range { get; init; }

    public IPAddress? Gateway { get; init; }

    public IReadOnlyDictionary<string, IPAddress> Auxiliary { get; init; } = ReadOnlyDictionary<string, IPAddress>.Empty;

    public bool IsIPv6 => Subnet is { } subnet && subnet.IsIPv6();

    /// <exception cref="EngineException">InvalidArgument; the words are Docker's.</exception>
    public static PoolDraft From(IpamPool pool)
    {
        var text = pool.Subnet ?? "";
        var subnet = Parse("subnet", text);
        var bits = Subnets.Bits(subnet.BaseAddress);
        // One address for the bridge and one for a container are the least.
        if (subnet.PrefixLength >= bits)
        {
            throw Invalid($"invalid subnet {text}: it holds one address only");
        }

        return new PoolDraft
        {
            Subnet = subnet,
            Range = string.IsNullOrEmpty(pool.IPRange) ? null : ParseRange(pool.IPRange, subnet),
            Gateway = string.IsNullOrEmpty(pool.Gateway) ? null : ParseWithin("gateway", pool.Gateway, pool.Gateway, subnet),
            Auxiliary = pool.AuxiliaryAddresses is { Count: > 0 } reserved
                ? reserved.ToDictionary(entry => entry.Key, entry => ParseWithin("auxiliary address", entry.Key, entry.Value, subnet))
                : ReadOnlyDictionary<string, IPAddress>.Empty,
        };
    }

    /// <summary>The addresses that the network gets.</summary>
    /// <param name="chosen">The subnet when none was asked for.</param>
    /// <exception cref="EngineException">Forbidden: an auxiliary address is the gateway. InvalidArgument: nothing is left for containers.</exception>
    public AddressPlan Complete(IPNetwork? chosen)
    {
        var subnet = Subnet ?? chosen ?? throw new InvalidOperationException("no subnet was chosen");
        var range = Range ?? subnet;
        var gateway = Gateway ?? FirstFree(subnet, range);
        if (Auxiliary.FirstOrDefault(entry => entry.Value.Equals(gateway)) is { Key: { } name })
        {
            throw new EngineException(ErrorKind.Forbidden, $"failed to allocate secondary ip address ({name}:{gateway}): Address already in use");
        }

        return new AddressPlan(subnet, gateway, range) { Auxiliary = Auxiliary, Configured = Subnet is not null };
    }

    // The first address of the range that containers get, as Docker does; of the whole network when that is where they come from.
    private IPAddress FirstFree(IPNetwork subnet, IPNetwork range)
        => new AddressPool(subnet, range, Auxiliary.Values).Take() ?? throw Invalid($"invalid ip-range {range}: no address is left in it for the gateway");

    private static IPNetwork Parse(string field, string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0
            || !IPAddress.TryParse(text.AsSpan(0, slash), out var address) || (Subnets.Bits(address) == 32 && address.ToString() != text[..slash])
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length > Subnets.Bits(address))
        {
            throw Invalid($"invalid {field} {text}: invalid CIDR block notation");
        }

        var network = Subnets.Containing(address, length);
        return network.BaseAddress.Equals(address) ? network : throw Invalid($"invalid {field} {text}: it should be {network}");
    }

    private static IPNetwork ParseRange(string text, IPNetwork subnet)
    {
        var range = Parse("ip-range", text);
        if (range.IsIPv6() != subnet.IsIPv6())
        {
            throw Invalid($"invalid ip-range {text}: parent subnet is an {Family(subnet)} block");
        }

        if (range.PrefixLength < subnet.PrefixLength)
        {
            throw Invalid($"invalid ip-range {text}: CIDR block is bigger than its parent subnet {subnet}");
        }

        return subnet.Contains(range.BaseAddress) ? range : throw Invalid($"invalid ip-range {text}: parent subnet {subnet} doesn't contain ip-range");
    }

    private static IPAddress ParseWithin(string field, string shown, string text, IPNetwork subnet)
    {
        if (!IPAddress.TryParse(text, out var address) || (Subnets.Bits(address) == 32 && address.ToString() != text))
        {
            throw Invalid($"invalid {field} {shown}: invalid address");
        }

        if (Subnets.Bits(address) != Subnets.Bits(subnet.BaseAddress))
        {
            throw Invalid($"invalid {field} {shown}: parent subnet is an {Family(subnet)} block");
        }

        return subnet.Contains(address) ? address : throw Invalid($"invalid {field} {shown}: parent subnet {subnet} doesn't contain this address");
    }

    private static string Family(IPNetwork network) => network.IsIPv6() ? "IPv6" : "IPv4";

    private static EngineException Invalid(string problem) => new(ErrorKind.InvalidArgument, $"invalid network config:\n{problem}");
}
