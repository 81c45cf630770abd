using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Exec;

internal static class ExecErrors
{
    public static EngineException NotFound(string id) => new(ErrorKind.NotFound, $"No such exec instance: {id}");

    public static EngineException NoCommand() => new(ErrorKind.InvalidArgument, "No exec command specified");

    public static EngineException AlreadyRunning(string id) => new(ErrorKind.Conflict, $"exec command {id} is already running");

    public static EngineException AlreadyRan(string id) => new(ErrorKind.Conflict, $"exec command {id} has already run");

    public static EngineException NotRunning(string id) => new(ErrorKind.Conflict, $"exec {id} is not running");

    public static EngineException InvalidConsoleSize() => new(ErrorKind.InvalidArgument, "invalid ConsoleSize: must be [height, width], two numbers from 0 to 65535");

    public static EngineException ConsoleSizeWithoutTty() => new(ErrorKind.InvalidArgument, "console size is only supported when terminal is enabled");

    public static EngineException InvalidWorkingDirectory(string path) => new(ErrorKind.InvalidArgument,
        $"invalid WorkingDir \"{path}\": must be an absolute path");

    public static EngineException InvalidVariable(string text) => new(ErrorKind.InvalidArgument, $"invalid environment variable: {text}: Env has NAME=value or NAME");
}
