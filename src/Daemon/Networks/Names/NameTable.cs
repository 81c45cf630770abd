using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Berth.Daemon.Networks.Names;

/// <summary>
/// Who is known by which name on which network. What a network holds is asked for once after each change and kept as an
/// index, so that a query costs the same however many containers there are.
/// </summary>
/// <param name="endpointsOf">The endpoints on a network, by its id.</param>
internal sealed class NameTable(Func<string, IReadOnlyList<NamedEndpoint>> endpointsOf)
{
    private readonly ConcurrentDictionary<string, Index> _indexes = new(StringComparer.Ordinal);

    /// <summary>To be called after a change of the network's endpoints: from then on the new ones are answered.</summary>
    public void Forget(string networkId) => _indexes.TryRemove(networkId, out _);

    /// <summary>Looks a name up on the networks of the one who asks, in their order; the first that has an address for it counts.</summary>
    /// <param name="name">Without the last dot: a name, or a name, a dot and a network's name.</param>
    /// <param name="family">Null: both.</param>
    /// <returns>The addresses; empty when the name is known and has none of the family; null when nobody has it.</returns>
    public IReadOnlyList<IPAddress>? Find(NameScope scope, ReadOnlySpan<char> name, AddressFamily? family)
    {
        var known = false;
        foreach (var network in scope.Networks)
        {
            if (network.HasNames && FindOn(network, scope.ContainerId, name, family, ref known) is { } found)
            {
                return found;
            }
        }

        // Both parts may have dots in them.
        for (var dot = name.LastIndexOf('.'); dot > 0; dot = name[..dot].LastIndexOf('.'))
        {
            foreach (var network in scope.Networks)
            {
                if (network.HasNames && name[(dot + 1)..].Equals(network.Name, StringComparison.OrdinalIgnoreCase)
                    && FindOn(network, scope.ContainerId, name[..dot], family, ref known) is { } found)
                {
                    return found;
                }
            }
        }

        return known ? [] : null;
    }

    /// <summary>The name of the container at an address, with its network's behind a dot; null when no container on a network of the asker's has it.</summary>
    public string? FindName(NameScope scope, IPAddress address)
    {
        foreach (var network in scope.Networks)
        {
            if (network.HasNames && IndexOf(network.Id).ByAddress.TryGetValue(address, out var endpoint))
            {
                // A label has at most 63 characters; a container's name may have more.
                var label = endpoint.ContainerName.Length <= DnsWire.MaxLabel ? endpoint.ContainerName : ShortId(endpoint.ContainerId);
                return $"{label}.{network.Name}";
            }
        }

        return null;
    }

    private List<IPAddress>? FindOn(NetworkRecord network, string asker, ReadOnlySpan<char> name, AddressFamily? family, ref bool known)
    {
        var index = IndexOf(network.Id);
        var named = index.FindLinked(asker, name) ?? index.FindNamed(name);
        if (named is null)
        {
            return null;
        }

        known = true;
        var addresses = new List<IPAddress>(named.Count);
        foreach (var endpoint in named)
        {
            if (family is null or AddressFamily.InterNetwork && endpoint.IPv4 is { } four)
            {
                addresses.Add(four);
            }

            if (family is null or AddressFamily.InterNetworkV6 && endpoint.IPv6 is { } six)
            {
                addresses.Add(six);
            }
        }

        return addresses.Count > 0 ? addresses : null;
    }

    private Index IndexOf(string networkId)
    {
        if (_indexes.TryGetValue(networkId, out var index) && index.IsComplete)
        {
            return index;
        }

        // Put there before it is filled: a change during the filling takes it away again, and the next query makes a new one.
        index = new Index();
        _indexes[networkId] = index;
        index.Fill(endpointsOf(networkId));
        return index;
    }

    private static string ShortId(string containerId) => containerId[..Math.Min(12, containerId.Length)];

    private sealed class Index
    {
        private readonly Dictionary<string, List<NamedEndpoint>> _byName = new(StringComparer.OrdinalIgnoreCase);
        private readonly Dictionary<string, NamedEndpoint> _byId = new(StringComparer.Ordinal);
        private volatile bool _complete;

        public bool IsComplete => _complete;

        public Dictionary<IPAddress, NamedEndpoint> ByAddress { get; } = [];

        public void Fill(IReadOnlyList<NamedEndpoint> endpoints)
        {
            foreach (var endpoint in endpoints)
            {
                _byId[endpoint.ContainerId] = endpoint;
                AddName(endpoint.ContainerName, endpoint);
                AddName(ShortId(endpoint.ContainerId), endpoint);
                foreach (var alias in endpoint.Aliases)
                {
                    AddName(alias, endpoint);
                }

                if (endpoint.IPv4 is { } four)
                {
                    ByAddress[four] = endpoint;
                }

                if (endpoint.IPv6 is { } six)
                {
                    ByAddress[six] = endpoint;
                }
            }

            _complete = true;
        }

        public List<NamedEndpoint>? FindNamed(ReadOnlySpan<char> name)
            => _byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out var found) ? found : null;

        /// <summary>What the asker alone knows: "container:alias", or a container's name as its own alias.</summary>
        public List<NamedEndpoint>? FindLinked(string asker, ReadOnlySpan<char> name)
        {
            if (!_byId.TryGetValue(asker, out var own))
            {
                return null;
            }

            foreach (var link in own.Links)
            {
                var colon = link.LastIndexOf(':');
                if (colon > 0 && name.Equals(link.AsSpan(colon + 1), StringComparison.OrdinalIgnoreCase))
                {
                    var target = link.AsSpan(0, colon).TrimStart('/');
                    return FindNamed(target) ?? (_byId.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(target, out var byId) ? [byId] : null);
                }
            }

            return null;
        }

        private void AddName(string name, NamedEndpoint endpoint)
        {
            if (!_byName.TryGetValue(name, out var endpoints))
            {
                _byName[name] = endpoints = new List<NamedEndpoint>(1);
            }

            if (!endpoints.Contains(endpoint))
            {
                endpoints.Add(endpoint);
            }
        }
    }
}
