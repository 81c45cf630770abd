using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Berth.Shared.Linux;

namespace Berth.Daemon.Hosting;

/// <summary>
/// A socket that accepts API clients. Opened before recovery, so that clients that come early wait in the backlog for the
/// first answer in place of being refused; Kestrel gets the descriptor once recovery is done.
/// </summary>
internal sealed class Listener : IDisposable
{
    private readonly Socket socket;
    private readonly string? socketPath;

    private Listener(Socket socket, HostAddress address, bool isTcp, string? socketPath)
    {
        this.socket = socket;
        this.socketPath = socketPath;
        Address = address;
        IsTcp = isTcp;
    }

    public HostAddress Address { get; }

    public bool IsTcp { get; }

    public ulong Handle => (ulong)socket.Handle;

    /// <exception cref="OptionException">The address can't be listened on; says why.</exception>
    public static IReadOnlyList<Listener> OpenAll(DaemonOptions options)
    {
        var passed = new List<(int Descriptor, string Name)>(Systemd.TakeDescriptors());
        var hosts = options.Hosts;
        if (hosts.Count == 0)
        {
            hosts = passed.Count > 0 ? [new HostAddress.Descriptors(null)] : [new HostAddress.UnixSocket(options.DefaultSocketPath)];
        }

        var listeners = new List<Listener>();
        try
        {
            foreach (var host in hosts)
            {
                switch (host)
                {
                    case HostAddress.UnixSocket unix:
                        listeners.Add(OpenUnix(unix, options));
                        break;
                    case HostAddress.Tcp tcp:
                        listeners.Add(OpenTcp(tcp, options));
                        break;
                    case HostAddress.Descriptors descriptors:
                        listeners.AddRange(Adopt(descriptors, passed, options));
                        break;
                }
            }
        }
        catch
        {
            listeners.ForEach(listener => listener.Dispose());
            throw;
        }

        return listeners;
    }

    private static Listener OpenUnix(HostAddress.UnixSocket address, DaemonOptions options)
    {
        var group = SocketGroup.Find(options.SocketGroup);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            RemoveStale(address.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(address.Path)!); // an absolute path of a file has a directory
            socket.Bind(new UnixDomainSocketEndPoint(address.Path));

            // Nobody can connect before listen(2), so the file's first mode does not matter.
            File.SetUnixFileMode(address.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
            if (group is { } gid)
            {
                Files.SetOwner(address.Path, uid: null, gid);
            }

            socket.Listen(512);
            return new Listener(socket, address, isTcp: false, address.Path);
        }
        catch (Exception e) when (e is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            socket.Dispose();
            throw new OptionException($"can't listen on {address}: {e.Message}");
        }
    }

    /// <summary>Removes the socket file of a daemon that is gone; one that answers is left alone.</summary>
    private static void RemoveStale(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new IOException("another process serves this socket");
    }

    private static Listener OpenTcp(HostAddress.Tcp address, DaemonOptions options)
    {
        var port = address.Port ?? (options.Tls ? 2376 : 2375);
        if (!IPAddress.TryParse(address.Host, out var ip))
        {
            ip = address.Host == "localhost" ? IPAddress.Loopback : throw new OptionException($"can't listen on {address}: give an IP address");
        }

        var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(ip, port));
            socket.Listen(512);
            return new Listener(socket, address, isTcp: true, socketPath: null);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new OptionException($"can't listen on {address}: {e.Message}");
        }
    }

    private static IEnumerable<Listener> Adopt(HostAddress.Descriptors address, List<(int Descriptor, string Name)> passed, DaemonOptions options)
    {
        var mine = passed.Where(p => address.Name is null || p.Name == address.Name
            || p.Descriptor.ToString(CultureInfo.InvariantCulture) == address.Name).ToList();
        if (mine.Count == 0)
        {
            throw new OptionException($"can't listen on {address}: no such socket was passed by systemd");
        }

        foreach (var (descriptor, name) in mine)
        {
            passed.Remove((descriptor, name));
            Files.SetCloseOnExec(descriptor);
            var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
            var isTcp = socket.AddressFamily != AddressFamily.Unix;
            if (isTcp && !options.TlsVerify && !options.AllowUnauthenticatedTcp)
            {
                socket.Dispose();
                throw new OptionException($"refusing to serve the TCP socket {name} to anybody: give --tlsverify (or --allow-unauthenticated-tcp)");
            }

            // The file of a passed Unix socket is systemd's.
            yield return new Listener(socket, address, isTcp, socketPath: null);
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        if (socketPath is not null)
        {
            File.Delete(socketPath);
        }
    }
}
