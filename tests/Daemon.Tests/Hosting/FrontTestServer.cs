using System.Net.Sockets;
using System.Text;
using Berth.Daemon.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Berth.Daemon.Tests.Hosting;

/// <summary>The real front of the daemon on a Unix socket, with endpoints of the test's own.</summary>
internal sealed class FrontTestServer : IAsyncDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("berth-test-").FullName;
    private readonly IReadOnlyList<Listener> listeners;
    private readonly WebApplication app;

    private FrontTestServer(Action<RouteGroupBuilder> map)
    {
        SocketPath = Path.Combine(directory, "s.sock");
        var options = new DaemonOptions { Hosts = [new HostAddress.UnixSocket(SocketPath)], LogLevel = Microsoft.Extensions.Logging.LogLevel.Critical };
        listeners = Listener.OpenAll(options);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.AddHosting(options);
        builder.WebHost.UseListeners(listeners, options);
        app = builder.Build();
        app.UseFrontDoor();
        map(app.MapGroup(""));
    }

    public string SocketPath { get; }

    public static async Task<FrontTestServer> StartAsync(Action<RouteGroupBuilder> map)
    {
        var server = new FrontTestServer(map);
        await server.app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), TestContext.Current.CancellationToken);
        return socket;
    }

    /// <summary>Sends bytes, ends the sending side, and reads to the end.</summary>
    public async Task<string> ExchangeAsync(string request, bool halfClose = true)
    {
        using var socket = await ConnectAsync();
        await socket.SendAsync(Encoding.UTF8.GetBytes(request), TestContext.Current.CancellationToken);
        if (halfClose)
        {
            socket.Shutdown(SocketShutdown.Send);
        }

        return await ReadToEndAsync(socket);
    }

    public static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var received = new MemoryStream();
        var buffer = new byte[64 << 10];
        using var late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(TimeSpan.FromSeconds(20));
        int read;
        while ((read = await socket.ReceiveAsync(buffer, late.Token)) > 0)
        {
            received.Write(buffer, 0, read);
        }

        return Encoding.UTF8.GetString(received.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync(TestContext.Current.CancellationToken);
        await app.DisposeAsync();
        foreach (var listener in listeners)
        {
            listener.Dispose();
        }

        Directory.Delete(directory, recursive: true);
    }
}
