using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>
/// Which addresses of one network are in use. The database holds the same facts (the rows of its endpoints) and refuses
/// a double; this is the fast way to a free one. Not for use by two threads at once.
/// </summary>
/// <param name="subnet">The whole network.</param>
/// <param name="range">The part of it that addresses are chosen from.</param>
/// <param name="reserved">Never chosen and never given: the gateway, and what the user keeps for other machines.</param>
internal sealed class AddressPool(IPNetwork subnet, IPNetwork range, IEnumerable<IPAddress> reserved)
{
    private readonly HashSet<UInt128> _reserved = [.. reserved.Select(Subnets.ToNumber)];
    private readonly HashSet<UInt128> _used = [];
    private readonly (UInt128 First, UInt128 Last) _usable = Usable(subnet);
    private readonly (UInt128 First, UInt128 Last) _range = Subnets.Range(range);
    private UInt128? _last;

    public IPNetwork Subnet => subnet;

    public IPNetwork Range => range;

    public int UsedCount => _used.Count;

    /// <summary>
    /// Takes the next free address after the one taken last: an address that has just been given back is the last to be
    /// used again, so that neighbours' caches and lingering connections don't meet a stranger.
    /// </summary>
    /// <returns>Null when all are in use.</returns>
    public IPAddress? Take()
    {
        var first = UInt128.Max(_range.First, _usable.First);
        var last = UInt128.Min(_range.Last, _usable.Last);
        if (first > last)
        {
            return null;
        }

        var start = _last is { } previous && previous >= first && previous < last ? previous + 1 : first;
        // At most one step more than there are unavailable addresses is needed to meet an available one.
        var steps = UInt128.Min(last - first + 1, (UInt128)(_used.Count + _reserved.Count + 1));
        for (var (candidate, step) = (start, UInt128.Zero); step < steps; step++)
        {
            if (!_reserved.Contains(candidate) && _used.Add(candidate))
            {
                _last = candidate;
                return Subnets.FromNumber(candidate, Subnets.Bits(subnet.BaseAddress));
            }

            candidate = candidate == last ? first : candidate + 1;
        }

        return null;
    }

    /// <summary>Takes that address, which need not be in the range but must be in the network.</summary>
    /// <returns>False when it is in use.</returns>
    public bool TryTake(IPAddress address) => CanHold(address) && _used.Add(Subnets.ToNumber(address));

    /// <summary>Whether the address is one that a container on this network may have, in use or not.</summary>
    public bool CanHold(IPAddress address)
    {
        if (!subnet.Contains(address))
        {
            return false;
        }

        var number = Subnets.ToNumber(address);
        return number >= _usable.First && number <= _usable.Last && !_reserved.Contains(number);
    }

    public void GiveBack(IPAddress address) => _used.Remove(Subnets.ToNumber(address));

    // Neither the network's own address nor, with IPv4, the broadcast address; a /31 or /127 has neither.
    private static (UInt128 First, UInt128 Last) Usable(IPNetwork subnet)
    {
        var (first, last) = Subnets.Range(subnet);
        return last - first <= 1 ? (first, last) : (first + 1, subnet.IsIPv6() ? last : last - 1);
    }
}
