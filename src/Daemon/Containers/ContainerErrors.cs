using Berth.Shared.Errors;

namespace Berth.Daemon.Containers;

/// <summary>The words of the containers feature; clients print them and test suites match them.</summary>
internal static class ContainerErrors
{
    public static EngineException NotFound(string idOrName) => new(ErrorKind.NotFound, $"No such container: {idOrName}");

    public static EngineException Ambiguous(string prefix) => new(ErrorKind.InvalidArgument, $"Multiple IDs found with provided prefix: {prefix}");

    public static EngineException InvalidName(string name) => new(ErrorKind.InvalidArgument,
        $"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");

    public static EngineException NameTaken(string name, string owner) => new(ErrorKind.Conflict,
        $"Conflict. The container name \"/{name}\" is already in use by container \"{owner}\". You have to remove (or rename) that container to be able to reuse that name.");

    public static EngineException SameName(string name) => new(ErrorKind.InvalidArgument,
        $"Renaming a container with the same name as its current name: {name}");

    public static EngineException StartWhilePaused() => new(ErrorKind.Conflict, "cannot start a paused container, try unpause instead");

    public static EngineException BeingRemoved(string id) => new(ErrorKind.Conflict,
        $"container is marked for removal and cannot be started: {id}");

    public static EngineException RemovalInProgress(string idOrName) => new(ErrorKind.Conflict,
        $"removal of container {idOrName} is already in progress");

    public static EngineException NotRunning(string id) => new(ErrorKind.Conflict, $"container {id} is not running");

    public static EngineException CannotKill(string idOrName, string id) => new(ErrorKind.Conflict,
        $"cannot kill container: {idOrName}: container {id} is not running");

    public static EngineException Paused(string id) => new(ErrorKind.Conflict, $"container {id} is paused, unpause the container before exec");

    public static EngineException AlreadyPaused(string id) => new(ErrorKind.Conflict, $"container {id} is already paused");

    public static EngineException NotPaused(string id) => new(ErrorKind.Conflict, $"container {id} is not paused");

    public static EngineException IsRestarting(string id) => new(ErrorKind.Conflict,
        $"container {id} is restarting, wait until the container is running");

    public static EngineException RemoveWhile(string name, string state, string advice) => new(ErrorKind.Conflict,
        $"cannot remove container \"/{name}\": container is {state}: {advice}");

    /// <summary>A container that another one is to share something with is not there.</summary>
    public static EngineException AbsentPartner(string message) => new(ErrorKind.InvalidArgument, message);

    public static EngineException InvalidSignal(string signal) => new(ErrorKind.InvalidArgument, $"invalid signal: {signal}: {Berth.Shared.Linux.Signals.Form}");

    public static EngineException InvalidWaitCondition(string condition) => new(ErrorKind.InvalidArgument,
        $"invalid condition: \"{condition}\"; it is one of not-running, next-exit and removed");

    public static EngineException StartFailed(ErrorKind kind, string message, Exception? inner = null) => new(kind,
        $"failed to create task for container: {message}", inner);

    public static EngineException NoCommand() => new(ErrorKind.InvalidArgument, "no command specified");

    /// <summary>A field whose value can't be honoured.</summary>
    /// <param name="field">Docker's path of it, such as "HostConfig.PidMode".</param>
    /// <param name="allowed">What would be.</param>
    public static EngineException Invalid(string field, string value, string allowed) => new(ErrorKind.InvalidArgument,
        $"invalid {field} \"{value}\": {allowed}");
}
