namespace Berth.Client.Engine.Http;

/// <summary>A two-way byte stream to the daemon. One thread may read while another writes.</summary>
internal abstract class Transport : IDisposable
{
    /// <returns>0 when the peer will send no more.</returns>
    /// <exception cref="IOException">The connection broke.</exception>
    public abstract int Read(Span<byte> buffer);

    /// <exception cref="IOException">The peer has gone.</exception>
    public abstract void Write(ReadOnlySpan<byte> bytes);

    /// <summary>Says that nothing more will be written; reading goes on.</summary>
    public abstract void CloseWrite();

    public abstract void Dispose();
}
