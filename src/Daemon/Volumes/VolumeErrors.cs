using Berth.Shared.Errors;

namespace Berth.Daemon.Volumes;

/// <summary>The words follow Docker's where clients and test suites match them.</summary>
internal static class VolumeErrors
{
    public static EngineException NotFound(string name) => new(ErrorKind.NotFound, $"get {name}: no such volume");

    public static EngineException InUse(string name, IEnumerable<string> containerIds) => new(ErrorKind.Conflict,
        $"remove {name}: volume is in use - [{string.Join(", ", containerIds)}]");

    /// <summary>A container that is just being made is going to use it.</summary>
    public static EngineException BeingTaken(string name) => new(ErrorKind.Conflict, $"remove {name}: volume is in use - a container that is just being created");

    public static EngineException MountedBelow(string name, string mountPoint) => new(ErrorKind.Conflict,
        $"remove {name}: something is mounted on {mountPoint}: unmount it first");

    public static EngineException NameTooShort(string name) => new(ErrorKind.InvalidArgument,
        $"create {name}: volume name is too short, names should be at least two alphanumeric characters");

    public static EngineException NameTooLong(string name, int limit) => new(ErrorKind.InvalidArgument,
        $"create {name[..32]}…: volume name is too long, {limit} characters are allowed");

    public static EngineException InvalidName(string name) => new(ErrorKind.InvalidArgument,
        $"create {name}: \"{name}\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path");

    public static EngineException NoSuchDriver(string name, string driver) => new(ErrorKind.NotFound,
        $"create {name}: error looking up volume plugin {driver}: plugin \"{driver}\" not found; this engine has the driver \"local\"");

    public static EngineException InvalidOption(string name, string words) => new(ErrorKind.InvalidArgument, $"create {name}: {words}");

    public static EngineException MountFailed(string directory, string device, string reason, Exception inner) => new(ErrorKind.InvalidArgument,
        $"error while mounting volume '{directory}': failed to mount local volume: mount {device}:{directory}: {reason}", inner);

    public static EngineException UnresolvedAddress(string directory, string host, Exception inner) => new(ErrorKind.InvalidArgument,
        $"error while mounting volume '{directory}': error resolving passed in network volume address: lookup {host}: {inner.Message}", inner);

    public static EngineException PruneIsRunning() => new(ErrorKind.Conflict, "a prune operation is already running");
}
