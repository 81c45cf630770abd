namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Directories of the engine's own.</summary>
internal static class DirectoryMaker
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Mode 0700: container files and sockets are nobody else's to walk into.</summary>
    public static void Private(string path) => Directory.CreateDirectory(path, OwnerOnly);

    /// <summary>Mode 0755: becomes the root of a container's file system, which its users must be able to enter.</summary>
    public static void Root(string path) => Directory.CreateDirectory(path, OwnerOnly
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
}
