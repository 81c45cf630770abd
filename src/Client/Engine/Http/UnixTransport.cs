using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Client.Engine.Http;

/// <summary>A connected Unix socket, used by plain blocking calls.</summary>
internal sealed class UnixTransport(SafeFileHandle socket) : Transport
{
    public override int Read(Span<byte> buffer) => ByteStreams.Read(socket, buffer);

    public override void Write(ReadOnlySpan<byte> bytes) => ByteStreams.Send(socket, bytes);

    public override void CloseWrite() => ByteStreams.CloseWrite(socket);

    public override void Dispose() => socket.Dispose();
}
