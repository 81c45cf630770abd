using Berth.Client.Engine.Http;

namespace Berth.Client.Engine;

/// <summary>A connection that has left HTTP: bytes both ways, each direction ending by itself. One thread may read while another writes.</summary>
internal sealed class HijackedStream(HttpConnection connection, HttpHead head) : IDisposable
{
    /// <summary>Whether stdout and stderr come in frames; otherwise a terminal's bytes come as they are. <see langword="null"/> when the daemon did not say.</summary>
    public bool? IsMultiplexed { get; } = head["Content-Type"] switch
    {
        "application/vnd.docker.multiplexed-stream" => true,
        "application/vnd.docker.raw-stream" => false,
        _ => null,
    };

    public int Read(Span<byte> buffer) => connection.ReadRaw(buffer);

    public void Write(ReadOnlySpan<byte> bytes) => connection.Transport.Write(bytes);

    public void CloseWrite() => connection.Transport.CloseWrite();

    public void Dispose() => connection.Dispose();
}
