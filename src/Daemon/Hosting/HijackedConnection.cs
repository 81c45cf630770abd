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

    // Past the transport's buffers and its second task: half the copying. Whatever the server wrote before, the client has read
    // by the time it sends the request that is hijacked. On TLS the transport encrypts.
    private readonly Socket? socket;

    internal HijackedConnection(ConnectionContext connection)
    {
        this.connection = connection;
        socket = connection.Features.Get<ITlsConnectionMark>() is null ? connection.Features.Get<IConnectionSocketFeature>()?.Socket : null;
    }

    /// <summary>What the client sends; completed when it has ended its side, which says nothing about whether it still reads.</summary>
    public PipeReader Input => connection.Transport.Input;

    /// <summary>The server ends, and this connection with it.</summary>
    public CancellationToken Aborted => aborted.Token;

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
        await TryWriteAsync(Encoding.ASCII.GetBytes(head.ToString()), ct);
    }

    /// <summary>Writes all of the bytes to the client.</summary>
    /// <returns>False when the client has gone.</returns>
    public async ValueTask<bool> TryWriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken ct)
    {
        if (socket is null)
        {
            return !(await connection.Transport.Output.WriteAsync(bytes, ct)).IsCompleted;
        }

        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, ct)..];
            }

            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>The same as a stream of buffers, for what writes to a <see cref="PipeWriter"/>.</summary>
    public PipeWriter AsWriter() => socket is null
        ? connection.Transport.Output
        : PipeWriter.Create(new NetworkStream(socket, FileAccess.Write, ownsSocket: false), new StreamPipeWriterOptions(minimumBufferSize: 64 << 10, leaveOpen: true));

    internal void Abort() => aborted.Cancel();
}
