using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Archive;

/// <summary>The words follow Docker's where clients match them.</summary>
internal static class ArchiveErrors
{
    public static EngineException NoSuchPath(string path, string container) => new(ErrorKind.NotFound, $"Could not find the file {path} in container {container}");

    public static EngineException NotADirectory(string path) => new(ErrorKind.InvalidArgument, $"extraction point is not a directory: {path}");

    public static EngineException ReadOnly(string path, Exception inner) => new(ErrorKind.Forbidden,
        $"{path} can't be written: container rootfs is marked read-only, or the volume there is mounted read-only", inner);

    public static EngineException Unreadable(Exception inner) => new(ErrorKind.InvalidArgument, $"the archive can't be unpacked: {inner.Message}", inner);

    public static EngineException NoSpace(Exception inner) => new(ErrorKind.Internal, "no space left on the device: part of the archive was unpacked", inner);
}
