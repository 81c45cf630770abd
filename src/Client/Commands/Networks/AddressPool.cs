using System.Net;
using System.Text.Json;
using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Networks;

/// <summary>A subnet of a network with all that the command line says about it.</summary>
internal sealed class AddressPool(string text)
{
    // Read only when something has to be compared with it: a text that stands alone is the daemon's to judge.
    private readonly Lazy<IPNetwork> _subnet = new(() => ParseSubnet(text));
    private readonly List<KeyValuePair<string, string>> _reserved = [];
    private string? _range;
    private string? _gateway;

    /// <summary>Finds the subnet that each range, gateway and reserved address belongs to: the command line lists them apart.</summary>
    /// <exception cref="CommandFailedException">One belongs to no subnet, or to one that has its like already; the message names it.</exception>
    public static IReadOnlyList<AddressPool> Combine(IReadOnlyList<string> subnets, IReadOnlyList<string> ranges, IReadOnlyList<string> gateways, IReadOnlyList<string> reserved)
    {
        if (subnets.Count < ranges.Count || subnets.Count < gateways.Count)
        {
            throw new CommandFailedException("every ip-range or gateway must have a corresponding subnet");
        }

        var pools = new List<AddressPool>();
        foreach (var text in subnets)
        {
            var added = new AddressPool(text);
            if (pools.Any(pool => pool.Contains(added.BaseAddress) || added.Contains(pool.BaseAddress)))
            {
                throw new CommandFailedException("multiple overlapping subnet configuration is not supported");
            }

            pools.Add(added);
        }

        foreach (var range in ranges)
        {
            var pool = FindFor(pools, ParseSubnet(range).BaseAddress) ?? throw new CommandFailedException($"no matching subnet for range {range}");
            pool._range = pool._range is null ? range : throw new CommandFailedException($"cannot configure multiple ranges ({range}, {pool._range}) on the same subnet ({pool.Text})");
        }

        foreach (var gateway in gateways)
        {
            var pool = FindFor(pools, ParseAddress(gateway)) ?? throw new CommandFailedException($"no matching subnet for gateway {gateway}");
            pool._gateway = pool._gateway is null ? gateway : throw new CommandFailedException($"cannot configure multiple gateways ({gateway}, {pool._gateway}) for the same subnet ({pool.Text})");
        }

        foreach (var pair in reserved.Select(static text => text.Split('=', 2)))
        {
            var pool = FindFor(pools, ParseAddress(pair[1])) ?? throw new CommandFailedException($"no matching subnet for aux-address {pair[1]}");
            pool._reserved.Add(new(pair[0], pair[1]));
        }

        return pools;
    }

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("Subnet", text);
        if (_range is not null)
        {
            json.WriteString("IPRange", _range);
        }

        if (_gateway is not null)
        {
            json.WriteString("Gateway", _gateway);
        }

        if (_reserved.Count > 0)
        {
            json.WriteStartObject("AuxiliaryAddresses");
            foreach (var (name, address) in _reserved)
            {
                json.WriteString(name, address);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private string Text => text;

    private IPAddress BaseAddress => _subnet.Value.BaseAddress;

    private bool Contains(IPAddress address) => _subnet.Value.Contains(address);

    private static AddressPool? FindFor(List<AddressPool> pools, IPAddress address) => pools.FirstOrDefault(pool => pool.Contains(address));

    /// <summary>Bits beyond the prefix are cleared here and judged by the daemon, which gets the text as it was given.</summary>
    private static IPNetwork ParseSubnet(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || !byte.TryParse(text.AsSpan(slash + 1), out var prefix) || prefix > address.GetAddressBytes().Length * 8)
        {
            throw new CommandFailedException($"invalid CIDR address: {text}");
        }

        var bytes = address.GetAddressBytes();
        for (var bit = prefix; bit < bytes.Length * 8; bit++)
        {
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        }

        return new IPNetwork(new IPAddress(bytes), prefix);
    }

    private static IPAddress ParseAddress(string text) => IPAddress.TryParse(text, out var address) ? address : throw new CommandFailedException($"invalid IP address: {text}");
}
