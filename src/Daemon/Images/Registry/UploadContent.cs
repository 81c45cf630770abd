using System.Net;

namespace Berth.Daemon.Images.Registry;

/// <summary>A blob on its way to a registry, from a byte on.</summary>
/// <param name="open">Opens it from its beginning.</param>
/// <param name="progress">Gets the bytes sent so far, those before the start among them.</param>
internal sealed class UploadContent(Func<Stream> open, long start, long size, Action<long> progress) : HttpContent
{
    private const int PieceSize = 128 * 1024;

    /// <summary>Called whenever bytes went out: the other side is alive.</summary>
    public Action? Moved { get; set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await using var blob = open();
        blob.Seek(start, SeekOrigin.Begin);
        var piece = new byte[PieceSize];
        var sent = start;
        while (await blob.ReadAsync(piece, cancellationToken) is var read and > 0)
        {
            await stream.WriteAsync(piece.AsMemory(0, read), cancellationToken);
            sent += read;
            Moved?.Invoke();
            progress(sent);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = size - start;
        return true;
    }
}
