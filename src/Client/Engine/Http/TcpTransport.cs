using System.Net.Security;
using System.Net.Sockets;

namespace Berth.Client.Engine.Http;

/// <summary>A TCP connection, within TLS or plain.</summary>
internal sealed class TcpTransport(Socket socket, Stream stream) : Transport
{
    public override int Read(Span<byte> buffer) => stream.Read(buffer);

    public override void Write(ReadOnlySpan<byte> bytes)
    {
        stream.Write(bytes);
        stream.Flush();
    }

    public override void CloseWrite()
    {
        if (stream is SslStream tls)
        {
            // close_notify ends our direction alone; the socket stays open for what the daemon still has to say.
            tls.ShutdownAsync().GetAwaiter().GetResult();
        }
        else
        {
            socket.Shutdown(SocketShutdown.Send);
        }
    }

    public override void Dispose()
    {
        stream.Dispose();
        socket.Dispose();
    }
}
