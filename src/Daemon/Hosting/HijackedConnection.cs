using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Berth.Daemon.Hosting;

/// <summary>A client's connection after HTTP: bytes both ways.</summary>
internal sealed class HijackedConnection
{
    private readonly ConnectionContext connection;
    private readonly CancellationTokenSource aborted = new();

    internal HijackedConnection(ConnectionContext connection) => this.connection = connection;

    /// <summary>What the client sends; completed when it has ended its side, which says nothing about whether it still reads.</summary>
    public PipeReader Input => connection.Transport.Input;

    public PipeWriter Output => connection.Transport.Output;

    /// <summary>The server ends, and this connection with it.</summary>
    public CancellationToken Aborted => aborted.Token;

    /// <summary>The client's socket, where bytes may be sent past the transport's buffers once <see cref="Output"/> is flushed; null on TLS.</summary>
    public Socket? Socket => connection.Features.Get<ITlsConnectionMark>() is null ? connection.Features.Get<IConnectionSocketFeature>()?.Socket : null;

    /// <summary>Writes the status line and headers: 101 to a client that asked to upgrade, else a bare 200.</summary>
    public async Task WriteHeadAsync(HttpRequest request, string contentType, CancellationToken ct)
    {
        var upgrade = request.Headers.Upgrade.Count > 0;
        var head = new StringBuilder(256)
            .Append(upgrade ? "HTTP/1.1 101 UPGRADED\r\n" : "HTTP/1.1 200 OK\r\n")
            .Append("Content-Type: ").Append(contentType).Append("\r\n");
        if (upgrade)
        {
            head.Append("Connection: Upgrade\r\nUpgrade: tcp\r\n");
        }

        var headers = new HeaderDictionary();
        FrontDoor.SetHeaders(headers);
        foreach (var (name, value) in headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        head.Append("\r\n");
        await Output.WriteAsync(Encoding.ASCII.GetBytes(head.ToString()), ct);
    }

    internal void Abort() => aborted.Cancel();
}
