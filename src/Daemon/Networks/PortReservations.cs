using System.Net;
using System.Net.Sockets;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>
/// Host ports that are published, each held by a socket for as long as it is. Runs on the network thread, in whose
/// namespace the sockets are.
/// </summary>
/// <param name="relays">Serves those sockets whose traffic the kernel does not translate.</param>
internal sealed class PortReservations(PortRelays relays) : IDisposable
{
    private readonly Dictionary<(PortProtocol Protocol, IPAddress Address, ushort Port), Held> _held = [];

    // How often a port is held, at whatever address: what a reservation for all addresses must know without looking at every other.
    private readonly Dictionary<(PortProtocol Protocol, AddressFamily Family, ushort Port), int> _uses = [];

    // Of the container that the current call of Hold is for.
    private IReadOnlyCollection<PublishedPort> _own = [];

    /// <summary>Finds a host port for a request, and holds it at all of the addresses.</summary>
    /// <param name="endpoint">Name and id, for messages.</param>
    /// <param name="own">What the container holds already: kept where it fits; <see cref="Lead"/> says later where it leads.</param>
    /// <exception cref="EngineException">Internal: taken, by a container or by another program; or not an address of this host. Nothing more is held then.</exception>
    public ushort Hold(PortRequest request, IReadOnlyList<PortWay> ways, (string Name, string Id) endpoint, IReadOnlyCollection<PublishedPort>? own = null)
    {
        _own = own ?? [];
        if (FindOwn(request, ways) is { } kept && TryHold(request.Container, ways, kept) is null)
        {
            return kept;
        }

        if (request.FirstHostPort == request.LastHostPort)
        {
            return request.FirstHostPort == 0 ? HoldAnyFree(request, ways, endpoint) : HoldFixed(request, ways, endpoint);
        }

        for (int port = request.FirstHostPort; port <= request.LastHostPort; port++)
        {
            if (TryHold(request.Container, ways, (ushort)port) is null)
            {
                return (ushort)port;
            }
        }

        throw NetworkErrors.NoPortFree(endpoint.Name, endpoint.Id, ways[0].HostAddress, request.FirstHostPort, request.LastHostPort);
    }

    /// <summary>Holds again what was published before the daemon's restart.</summary>
    /// <returns>False: another program took it meanwhile; the port stays published all the same.</returns>
    public bool Restore(PortRecord port)
    {
        if (FirewallPort.From(port).IsOpenedOnly)
        {
            return true; // nothing of the host's
        }

        var way = new PortWay(port.Port.HostAddress, port.TargetAddress);
        try
        {
            Take(port.Port.Container, way, port.Port.HostPort);
            return true;
        }
        catch (ErrnoException)
        {
            Note(port.Port.Container.Protocol, way.HostAddress, port.Port.HostPort, new Held(null, null));
            return false;
        }
    }

    /// <summary>Lets a port that is held lead to the container's address in the record from now on.</summary>
    public void Lead(PortRecord port)
    {
        if (_held.TryGetValue((port.Port.Container.Protocol, port.Port.HostAddress, port.Port.HostPort), out var held))
        {
            held.Relay?.LeadTo(new IPEndPoint(port.TargetAddress, port.Port.Container.Port));
        }
    }

    /// <summary>Gives a port back; nothing happens when it is not held, as one that was only opened.</summary>
    public void Release(PublishedPort port) => Release(port.Container.Protocol, port.HostAddress, port.HostPort);

    public void Dispose()
    {
        foreach (var held in _held.Values)
        {
            held.Release();
        }

        _held.Clear();
        _uses.Clear();
    }

    private ushort? FindOwn(PortRequest request, IReadOnlyList<PortWay> ways)
    {
        foreach (var port in _own)
        {
            if (port.Container == request.Container && ways.Any(way => way.HostAddress.Equals(port.HostAddress) && !way.IsOpenedOnly)
                && (request.FirstHostPort == 0 || (port.HostPort >= request.FirstHostPort && port.HostPort <= request.LastHostPort)))
            {
                return port.HostPort;
            }
        }

        return null;
    }

    private bool IsOwn(ContainerPort container, IPAddress address, ushort port) => _own.Contains(new PublishedPort(container, address, port));

    private ushort HoldFixed(PortRequest request, IReadOnlyList<PortWay> ways, (string Name, string Id) endpoint)
    {
        var (protocol, port) = (request.Container.Protocol, request.FirstHostPort);
        if (TryHold(request.Container, ways, port) is not { } refusal)
        {
            return port;
        }

        throw refusal.IsPublished
            ? NetworkErrors.PortAllocated(endpoint.Name, endpoint.Id, refusal.Address, port)
            : NetworkErrors.PortInUse(endpoint.Name, endpoint.Id, refusal.Address, port, protocol, Reason(refusal.Failure!), refusal.Failure!);
    }

    // The kernel chooses for the first address; that the others have the same port free is likely and not certain.
    private ushort HoldAnyFree(PortRequest request, IReadOnlyList<PortWay> ways, (string Name, string Id) endpoint)
    {
        const int attempts = 64;
        var protocol = request.Container.Protocol;
        var first = ways[0];
        if (first.IsOpenedOnly)
        {
            return ways.FirstOrDefault(way => !way.IsOpenedOnly) is { HostAddress: not null } translated
                ? HoldAnyFree(request, [translated], endpoint)
                : request.Container.Port;
        }

        for (var attempt = 1; ; attempt++)
        {
            ushort port;
            try
            {
                port = Take(request.Container, first, 0);
            }
            catch (ErrnoException failure)
            {
                throw NetworkErrors.PortInUse(endpoint.Name, endpoint.Id, first.HostAddress, 0, protocol, Reason(failure), failure);
            }

            var refusal = TryHold(request.Container, [.. ways.Skip(1)], port);
            if (refusal is null)
            {
                return port;
            }

            Release(protocol, first.HostAddress, port);
            if (attempt == attempts || refusal.Failure is { Errno: not Errno.EADDRINUSE })
            {
                throw NetworkErrors.PortInUse(endpoint.Name, endpoint.Id, refusal.Address, port, protocol, Reason(refusal.Failure!), refusal.Failure!);
            }
        }
    }

    /// <returns>Null when the port is held at all of the addresses; else it is at none.</returns>
    private Refusal? TryHold(ContainerPort container, IReadOnlyList<PortWay> ways, ushort port)
    {
        for (var i = 0; i < ways.Count; i++)
        {
            if (ways[i].IsOpenedOnly)
            {
                continue;
            }

            var refusal = TryHold(container, ways[i], port);
            if (refusal is not null)
            {
                foreach (var done in ways.Take(i).Where(done => !done.IsOpenedOnly && !IsOwn(container, done.HostAddress, port)))
                {
                    Release(container.Protocol, done.HostAddress, port);
                }

                return refusal;
            }
        }

        return null;
    }

    private Refusal? TryHold(ContainerPort container, PortWay way, ushort port)
    {
        if (IsOwn(container, way.HostAddress, port) && _held.TryGetValue((container.Protocol, way.HostAddress, port), out var held))
        {
            if (held.Relay is not null || !relays.Serves(container.Protocol, way))
            {
                return null;
            }

            Release(container.Protocol, way.HostAddress, port); // what only held the port is to be read from now on
        }

        if (IsPublished(container.Protocol, way.HostAddress, port))
        {
            return new Refusal(way.HostAddress, new ErrnoException(Errno.EADDRINUSE, "bind"), IsPublished: true);
        }

        try
        {
            Take(container, way, port);
            return null;
        }
        catch (ErrnoException failure)
        {
            return new Refusal(way.HostAddress, failure, IsPublished: false);
        }
    }

    private ushort Take(ContainerPort container, PortWay way, ushort port)
    {
        var isRelayed = relays.Serves(container.Protocol, way);
        var (socket, taken) = PortSockets.Hold(way.HostAddress, port, (byte)container.Protocol, discard: !isRelayed);
        var relay = isRelayed ? relays.Start(container.Protocol, socket, new IPEndPoint(way.TargetAddress, container.Port)) : null;
        Note(container.Protocol, way.HostAddress, taken, new Held(relay is null ? socket : null, relay));
        return taken;
    }

    private void Note(PortProtocol protocol, IPAddress address, ushort port, Held held)
    {
        _held.Add((protocol, address, port), held);
        var use = (protocol, address.AddressFamily, port);
        _uses[use] = _uses.GetValueOrDefault(use) + 1;
    }

    private void Release(PortProtocol protocol, IPAddress address, ushort port)
    {
        if (!_held.Remove((protocol, address, port), out var held))
        {
            return;
        }

        held.Release();
        var use = (protocol, address.AddressFamily, port);
        if (--_uses[use] == 0)
        {
            _uses.Remove(use);
        }
    }

    // The same port on every address and on one of them exclude each other, as they do for sockets.
    private bool IsPublished(PortProtocol protocol, IPAddress address, ushort port)
    {
        var any = address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        return address.Equals(any)
            ? _uses.ContainsKey((protocol, address.AddressFamily, port))
            : _held.ContainsKey((protocol, address, port)) || _held.ContainsKey((protocol, any, port));
    }

    private static string Reason(ErrnoException failure) => failure.Errno switch
    {
        Errno.EADDRNOTAVAIL => "cannot assign requested address",
        Errno.EACCES => "permission denied",
        _ => ErrnoException.Describe(failure.Errno),
    };

    /// <summary>A socket, or the relay that has it; neither when another program has the port.</summary>
    private sealed record Held(SafeFileHandle? Socket, PortRelay? Relay)
    {
        public void Release()
        {
            PortSockets.Release(Socket);
            Relay?.Dispose();
        }
    }

    private sealed record Refusal(IPAddress Address, ErrnoException? Failure, bool IsPublished);
}
