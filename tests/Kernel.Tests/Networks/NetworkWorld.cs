using System.Net;
using System.Net.Sockets;
using System.Text;
using Berth.Daemon.Events;
using Berth.Daemon.Networks;
using Berth.Daemon.Storage;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Berth.Kernel.Tests.Networks;

/// <summary>
/// A host and a neighbour on its local network, each a network namespace of its own, so that nothing of the machine is
/// touched: 198.51.100.1 is the host, 198.51.100.2 the neighbour, which routes container networks by way of the host.
/// </summary>
internal sealed class NetworkWorld : IDisposable
{
    public static readonly IPAddress HostAddress = IPAddress.Parse("198.51.100.1");
    public static readonly IPAddress HostAddressV6 = IPAddress.Parse("2001:db8:1::1");
    public static readonly IPAddress NeighbourAddress = IPAddress.Parse("198.51.100.2");

    private readonly string _directory = Directory.CreateTempSubdirectory("berth-net-").FullName;
    private readonly List<IDisposable> _owned = [];
    private readonly SafeFileHandle _hostNamespace;

    public NetworkWorld()
    {
        (_hostNamespace, Host) = MakeNamespace("host");
        (var neighbourNamespace, Neighbour) = MakeNamespace("neighbour");
        Host.RunAsync(() =>
        {
            using var routes = Rtnetlink.OpenHere();
            routes.Apply(new RtnetlinkChanges().AddVeth("lan0", "lan0", 1500, neighbourNamespace).SetUp(1));
            Configure(routes, HostAddress, HostAddressV6);
        }).GetAwaiter().GetResult();
        Neighbour.RunAsync(() =>
        {
            using var routes = Rtnetlink.OpenHere();
            routes.Apply(new RtnetlinkChanges().SetUp(1));
            Configure(routes, NeighbourAddress, IPAddress.Parse("2001:db8:1::2"));
            routes.Apply(new RtnetlinkChanges().AddDefaultRoute(HostAddress, routes.FindLink("lan0")!.Index).AddDefaultRoute(HostAddressV6, routes.FindLink("lan0")!.Index));
        }).GetAwaiter().GetResult();
    }

    public NetworkThread Host { get; }

    public NetworkThread Neighbour { get; }

    public string HostNamespacePath => $"/proc/{Environment.ProcessId}/fd/{_hostNamespace.DangerousGetHandle()}";

    /// <summary>Writes networks into a daemon's database, as if it had made them before; to be called before its start.</summary>
    public void Save(params NetworkRecord[] networks)
    {
        using var database = Database.Open(Path.Combine(_directory, "one", "berth.db"), [new NetworkMigrations(), new EventMigrations()]);
        Array.ForEach(networks, new NetworkStore(database).Save);
    }

    /// <summary>A daemon's networks on this host; to be disposed of by the caller. The same name means the same database.</summary>
    public async Task<NetworkDaemon> StartAsync(NetworkOptions? options = null, string name = "one", params string[] running)
    {
        var database = Database.Open(Path.Combine(_directory, name, "berth.db"), [new NetworkMigrations(), new EventMigrations()]);
        var home = NetworkNamespaces.Open(HostNamespacePath);
        var service = new NetworkService(
            options ?? new NetworkOptions(), new NetworkStore(database), new EventService(new EventStore(database), TimeProvider.System),
            TimeProvider.System, NullLogger<NetworkService>.Instance, home);
        try
        {
            await service.RestoreAsync(running.ToDictionary(id => id, _ => 0), TestContext.Current.CancellationToken);
        }
        catch
        {
            await service.DisposeAsync();
            database.Dispose();
            throw;
        }

        return new NetworkDaemon(service, database);
    }

    /// <summary>A thread inside a container's namespace, in the place of its processes.</summary>
    public NetworkThread Inside(NetworkAttachment attachment)
    {
        var thread = new NetworkThread("container", attachment.Namespace);
        _owned.Add(thread);
        return thread;
    }

    public Task<List<LinkInfo>> LinksAsync() => Host.RunAsync(() =>
    {
        using var routes = Rtnetlink.OpenHere();
        return routes.Links();
    });

    public string Nft(params string[] arguments) => Run("nsenter", [$"--net={HostNamespacePath}", "nft", .. arguments]);

    public static string Run(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program}: {errors.Result}");
    }

    public void Dispose()
    {
        _owned.ForEach(owned => owned.Dispose());
        Host.Dispose();
        Neighbour.Dispose();
        _hostNamespace.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Accepts connections, each answered with the address that it seems to come from.</summary>
    public static async Task<Socket> ListenAsync(NetworkThread where, IPAddress address, int port)
    {
        var listener = await where.RunAsync(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        listener.Bind(new IPEndPoint(address, port));
        listener.Listen(16);
        _ = AnswerAsync(listener);
        return listener;
    }

    /// <summary>Answers datagrams, each with the address that it seems to come from.</summary>
    public static async Task<Socket> ListenUdpAsync(NetworkThread where, IPAddress address, int port)
    {
        var socket = await where.RunAsync(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        socket.Bind(new IPEndPoint(address, port));
        _ = AnswerDatagramsAsync(socket);
        return socket;
    }

    /// <summary>Connects, and tells as whom the other side sees us; null when there is no answer (in time for the second attempt of a kernel that lost the first) or a refusal.</summary>
    public static async Task<string?> AskAsync(NetworkThread where, IPAddress address, int port, int patienceMilliseconds = 1800)
    {
        using var patience = new CancellationTokenSource(patienceMilliseconds);
        using var socket = await where.RunAsync(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        var buffer = new byte[100];
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), patience.Token);
            var length = await socket.ReceiveAsync(buffer, patience.Token);
            return length == 0 ? null : Encoding.ASCII.GetString(buffer, 0, length);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    public static async Task<string?> AskUdpAsync(NetworkThread where, IPAddress address, int port)
    {
        using var patience = new CancellationTokenSource(1000);
        using var socket = await where.RunAsync(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        var buffer = new byte[100];
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), patience.Token);
            await socket.SendAsync("?"u8.ToArray(), patience.Token);
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task AnswerAsync(Socket listener)
    {
        try
        {
            while (true)
            {
                using var connection = await listener.AcceptAsync();
                await connection.SendAsync(Encoding.ASCII.GetBytes(((IPEndPoint)connection.RemoteEndPoint!).Address.ToString()));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test has closed the listener.
        }
    }

    private static async Task AnswerDatagramsAsync(Socket socket)
    {
        var buffer = new byte[100];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, new IPEndPoint(socket.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
                await socket.SendToAsync(Encoding.ASCII.GetBytes(((IPEndPoint)received.RemoteEndPoint).Address.ToString()), received.RemoteEndPoint);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test has closed the socket.
        }
    }

    private static void Configure(Rtnetlink routes, IPAddress address, IPAddress addressV6)
    {
        var link = routes.FindLink("lan0")!.Index;
        routes.Apply(new RtnetlinkChanges().SetUp(link).AddAddress(link, address, 24).AddAddress(link, addressV6, 64));
    }

    private static (SafeFileHandle Namespace, NetworkThread Thread) MakeNamespace(string name)
    {
        SafeFileHandle? made = null;
        var thread = new Thread(() =>
        {
            NetworkNamespaces.Unshare();
            made = NetworkNamespaces.OpenCurrent();
        });
        thread.Start();
        thread.Join();
        return (made!, new NetworkThread(name, made!));
    }
}

internal sealed class NetworkDaemon(NetworkService service, Database database) : IAsyncDisposable
{
    public NetworkService Networks { get; } = service;

    public Database Database { get; } = database;

    public Task<NetworkAttachment> AttachAsync(string name, params PortRequest[] ports) => Networks.AttachAsync(
        new NetworkAttachRequest { ContainerId = Id(name), Name = name, Ports = ports }, TestContext.Current.CancellationToken);

    public Task<NetworkAttachment> AttachToAsync(string network, string name, params PortRequest[] ports) => Networks.AttachAsync(
        new NetworkAttachRequest { ContainerId = Id(name), Name = name, NetworkMode = network, Ports = ports }, TestContext.Current.CancellationToken);

    public static string Id(string name) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    public async ValueTask DisposeAsync()
    {
        await Networks.DisposeAsync();
        Database.Dispose();
    }
}
