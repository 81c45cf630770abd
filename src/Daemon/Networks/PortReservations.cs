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
internal sealed class PortReservations : IDisposable
{
    private readonly Dictionary<(PortProtocol Protocol, IPAddress Address, ushort Port), SafeFileHandle?> _held = [];

    /// <summary>Finds and holds a host port for a request.</summary>
    /// <param name="endpoint">Name and id, for messages.</param>
    /// <exception cref="EngineException">Internal: taken, by a container or by another program; or not an address of this host.</exception>
    public ushort Hold(PortRequest request, IPAddress address, (string Name, string Id) endpoint)
    {
        if (request.FirstHostPort == request.LastHostPort)
        {
            return request.FirstHostPort == 0 ? HoldAnyFree(request, address, endpoint) : HoldFixed(request, address, endpoint);
        }

        for (int port = request.FirstHostPort; port <= request.LastHostPort; port++)
        {
            if (TryHold(request.Container.Protocol, address, (ushort)port) is null)
            {
                return (ushort)port;
            }
        }

        throw NetworkErrors.NoPortFree(endpoint.Name, endpoint.Id, address, request.FirstHostPort, request.LastHostPort);
    }

    /// <summary>Holds again what was published before the daemon's restart.</summary>
    /// <returns>False: another program took it meanwhile; the port stays published all the same.</returns>
    public bool Restore(PublishedPort port)
    {
        var key = (port.Container.Protocol, port.HostAddress, port.HostPort);
        try
        {
            _held[key] = PortSockets.Hold(port.HostAddress, port.HostPort, port.Container.Protocol == PortProtocol.Udp).Socket;
            return true;
        }
        catch (ErrnoException)
        {
            _held[key] = null;
            return false;
        }
    }

    public void Release(PublishedPort port)
    {
        if (_held.Remove((port.Container.Protocol, port.HostAddress, port.HostPort), out var socket))
        {
            PortSockets.Release(socket);
        }
    }

    public void Dispose()
    {
        foreach (var socket in _held.Values)
        {
            PortSockets.Release(socket);
        }

        _held.Clear();
    }

    private ushort HoldFixed(PortRequest request, IPAddress address, (string Name, string Id) endpoint)
    {
        var (protocol, port) = (request.Container.Protocol, request.FirstHostPort);
        if (IsPublished(protocol, address, port))
        {
            throw NetworkErrors.PortAllocated(endpoint.Name, endpoint.Id, address, port);
        }

        if (TryHold(protocol, address, port) is { } failure)
        {
            throw NetworkErrors.PortInUse(endpoint.Name, endpoint.Id, address, port, protocol, Reason(failure), failure);
        }

        return port;
    }

    private ushort HoldAnyFree(PortRequest request, IPAddress address, (string Name, string Id) endpoint)
    {
        var protocol = request.Container.Protocol;
        try
        {
            var (socket, port) = PortSockets.Hold(address, 0, protocol == PortProtocol.Udp);
            _held.Add((protocol, address, port), socket);
            return port;
        }
        catch (ErrnoException failure)
        {
            throw NetworkErrors.PortInUse(endpoint.Name, endpoint.Id, address, 0, protocol, Reason(failure), failure);
        }
    }

    private ErrnoException? TryHold(PortProtocol protocol, IPAddress address, ushort port)
    {
        if (IsPublished(protocol, address, port))
        {
            return new ErrnoException(Errno.EADDRINUSE, "bind");
        }

        try
        {
            _held.Add((protocol, address, port), PortSockets.Hold(address, port, protocol == PortProtocol.Udp).Socket);
            return null;
        }
        catch (ErrnoException failure)
        {
            return failure;
        }
    }

    // The same port on every address and on one of them exclude each other, as they do for sockets.
    private bool IsPublished(PortProtocol protocol, IPAddress address, ushort port)
    {
        if (_held.ContainsKey((protocol, address, port)))
        {
            return true;
        }

        var any = address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        return address.Equals(any)
            ? _held.Keys.Any(key => key.Protocol == protocol && key.Port == port && key.Address.AddressFamily == address.AddressFamily)
            : _held.ContainsKey((protocol, any, port));
    }

    private static string Reason(ErrnoException failure) => failure.Errno switch
    {
        Errno.EADDRNOTAVAIL => "cannot assign requested address",
        Errno.EACCES => "permission denied",
        _ => ErrnoException.Describe(failure.Errno),
    };
}
