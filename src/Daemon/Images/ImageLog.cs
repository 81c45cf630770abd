using Berth.Shared.References;

namespace Berth.Daemon.Images;

internal static partial class ImageLog
{
    [LoggerMessage(3001, LogLevel.Information, "Image {Reference} pulled: {ImageId}, {Layers} layers, of which {Fetched} were fetched")]
    public static partial void Pulled(this ILogger log, string reference, string imageId, int layers, int fetched);

    [LoggerMessage(3002, LogLevel.Information, "Download of {Digest} goes on at {Received} of {Size} bytes after: {Reason}")]
    public static partial void DownloadResumed(this ILogger log, Digest digest, long received, long size, string reason);

    [LoggerMessage(3003, LogLevel.Information, "Image {ImageId} removed with {Layers} layers and {Blobs} blobs")]
    public static partial void Removed(this ILogger log, string imageId, int layers, int blobs);

    [LoggerMessage(3004, LogLevel.Warning, "Removed layers could not be deleted and still take space; the next start tries again")]
    public static partial void TrashNotEmptied(this ILogger log, Exception error);

    [LoggerMessage(3005, LogLevel.Information, "Layer {ChainId}: {Count} extended attributes were left out: foreign policy, or nothing the file system keeps")]
    public static partial void AttributesLeftOut(this ILogger log, string chainId, int count);

    [LoggerMessage(3006, LogLevel.Information, "Image store: {Layers} unused layers and {Blobs} unused blobs removed")]
    public static partial void Collected(this ILogger log, int layers, int blobs);

    [LoggerMessage(3007, LogLevel.Information, "Image {ImageId} loaded as {Names}")]
    public static partial void Loaded(this ILogger log, string imageId, string names);

    [LoggerMessage(3008, LogLevel.Error, "{Method} {Path} failed after its answer had begun")]
    public static partial void FailedInBand(this ILogger log, Exception error, string method, string path);

    [LoggerMessage(3009, LogLevel.Information, "{Method} {Path} refused after its answer had begun: {Reason}")]
    public static partial void RefusedInBand(this ILogger log, string method, string path, string reason);
}
