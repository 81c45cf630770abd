using System.Net;
using System.Net.Sockets;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Networks;

/// <summary>
/// Serves the few published addresses that the kernel can't lead to a container: ::1, for which it takes no answer from a
/// bridge (there is no route_localnet for IPv6), and IPv6 addresses of the host towards a container that has only IPv4.
/// Everything else passes it by, in the kernel.
/// </summary>
/// <param name="home">The host's namespace, in which the relays' own connections begin; stays the caller's.</param>
internal sealed class PortRelays(SafeFileHandle home) : IDisposable
{
    private readonly Lock _gate = new();
    private NetworkThread? _thread;

    /// <summary>
    /// Whether something may arrive at a held socket that is meant for the container. At [::] that is what was sent to ::1,
    /// even when the container has IPv6: what the firewall translates never reaches the socket.
    /// </summary>
    public bool Serves(PortProtocol protocol, PortWay way) => protocol != PortProtocol.Sctp
        && way.HostAddress.AddressFamily == AddressFamily.InterNetworkV6
        && (way.TargetAddress.AddressFamily == AddressFamily.InterNetwork || way.HostAddress.Equals(IPAddress.IPv6Any) || way.HostAddress.Equals(IPAddress.IPv6Loopback));

    /// <param name="held">Bound, and listening if the protocol has connections; the relay's from here on.</param>
    public PortRelay Start(PortProtocol protocol, SafeFileHandle held, IPEndPoint target)
    {
        var socket = PortSockets.ToSocket(held);
        return protocol == PortProtocol.Udp ? new DatagramRelay(socket, target, OpenAsync) : new StreamRelay(socket, target, OpenAsync);
    }

    public void Dispose() => _thread?.Dispose();

    // A socket belongs to the namespace of the thread that makes it.
    private Task<Socket> OpenAsync(SocketType type, ProtocolType protocol, AddressFamily family)
    {
        lock (_gate)
        {
            _thread ??= new NetworkThread("port relays", home);
            return _thread.RunAsync(() => new Socket(family, type, protocol));
        }
    }
}

/// <summary>Makes a socket in the host's network namespace.</summary>
internal delegate Task<Socket> SocketOpener(SocketType type, ProtocolType protocol, AddressFamily family);

/// <summary>Carries what arrives at a held port to a container, until it is disposed of.</summary>
internal abstract class PortRelay(Socket socket, IPEndPoint target) : IDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private volatile IPEndPoint _target = target;

    /// <summary>Where what begins now is carried to.</summary>
    protected IPEndPoint Target => _target;

    protected Socket Socket { get; } = socket;

    protected CancellationToken Ended => _ended.Token;

    /// <summary>Carries to another address from now on; what passes already, stays where it is.</summary>
    public void LeadTo(IPEndPoint target) => _target = target;

    /// <summary>Closes the port and ends what passes through it.</summary>
    public void Dispose()
    {
        _ended.Cancel();
        PortSockets.StopListening(Socket);
        Socket.Dispose();
    }
}
