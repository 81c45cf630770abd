using System.Net;
using System.Net.Sockets;
using Berth.Daemon.Networks;
using Berth.Daemon.Networks.Names;
using Berth.Shared.Linux;
using Berth.Shared.Linux.Netlink;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Berth.Kernel.Tests.Networks.Names;

/// <summary>A host and a container, each a network namespace with nothing but lo, and a name server that serves the container.</summary>
internal sealed class NameWorld : IAsyncDisposable
{
    public const string ContainerId = "aaaaaaaaaaaa0000000000000000000000000000000000000000000000000000";

    public static readonly IPEndPoint Resolver = new(IPAddress.Parse("127.0.0.11"), 53);

    private readonly string _directory = Directory.CreateTempSubdirectory("berth-names-").FullName;
    private readonly List<IDisposable> _owned = [];
    private readonly SafeFileHandle _hostNamespace = MakeNamespace();
    private readonly NameTable _table;

    public NameWorld()
    {
        Host = new NetworkThread("host", _hostNamespace);
        Container = new NetworkThread("container", ContainerNamespace);
        _table = new NameTable(_ => Endpoints);
        Server = MakeServer();
    }

    public static NetworkRecord Network { get; } = new() { Id = "net", Name = "net", Driver = NetworkDriver.Bridge, Created = default };

    public SafeFileHandle ContainerNamespace { get; } = MakeNamespace();

    public NetworkThread Host { get; }

    public NetworkThread Container { get; }

    public NameServer Server { get; private set; }

    public IReadOnlyList<NamedEndpoint> Endpoints { get; private set; } = [Endpoint("web", "10.9.0.2")];

    public string ResolvConf => Path.Combine(_directory, "resolv.conf");

    public static NamedEndpoint Endpoint(string name, string address, string? id = null)
        => new(Network.Id, id ?? ContainerId, name, [], [], IPAddress.Parse(address), null);

    public static NameScope Scope(params IPAddress[] servers) => new(ContainerId, [Network], new NameSettings(servers, HasDots: false));

    public Task OpenAsync(params IPAddress[] servers) => Server.OpenAsync(Scope(servers), ContainerNamespace);

    public void Change(params NamedEndpoint[] endpoints)
    {
        Endpoints = endpoints;
        _table.Forget(Network.Id);
    }

    /// <summary>As a restart of the daemon does it.</summary>
    public void Restart()
    {
        Server.Dispose();
        Server = MakeServer();
    }

    /// <summary>The host's resolv.conf names these.</summary>
    public void HostAsks(params string[] servers) => File.WriteAllLines(ResolvConf, servers.Select(server => $"nameserver {server}"));

    public async Task<FakeResolver> ResolverAsync(NetworkThread where, string address)
    {
        var resolver = await where.RunAsync(() => new FakeResolver(IPAddress.Parse(address)));
        _owned.Add(resolver);
        return resolver;
    }

    /// <summary>One question by UDP from within the container.</summary>
    public async Task<byte[]> AskAsync(byte[] query, TimeSpan? within = null)
    {
        using var socket = await Container.RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
        await socket.ConnectAsync(Resolver);
        await socket.SendAsync(query);
        var buffer = new byte[65536];
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(within ?? TimeSpan.FromSeconds(10));
        return buffer[..await socket.ReceiveAsync(buffer, patience.Token)];
    }

    public async Task<NetworkStream> ConnectAsync()
    {
        var socket = await Container.RunAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        await socket.ConnectAsync(Resolver);
        var stream = new NetworkStream(socket, ownsSocket: true);
        _owned.Add(stream);
        return stream;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.CloseAsync(ContainerId);
        Server.Dispose();
        _owned.ForEach(owned => owned.Dispose());
        Host.Dispose();
        Container.Dispose();
        _hostNamespace.Dispose();
        ContainerNamespace.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private NameServer MakeServer() => new(_hostNamespace, _table, NullLogger.Instance, ResolvConf);

    private static SafeFileHandle MakeNamespace()
    {
        SafeFileHandle? made = null;
        var thread = new Thread(() =>
        {
            NetworkNamespaces.Unshare();
            made = NetworkNamespaces.OpenCurrent();
            using var routes = Rtnetlink.OpenHere();
            routes.Apply(new RtnetlinkChanges().SetUp(1));
        });
        thread.Start();
        thread.Join();
        return made!;
    }
}
