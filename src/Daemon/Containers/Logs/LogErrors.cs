using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Logs;

internal static class LogErrors
{
    public static EngineException NotKept() => new(ErrorKind.NotImplemented, "configured logging driver does not support reading");

    public static EngineException NoStream() => new(ErrorKind.InvalidArgument, "Bad parameters: you must choose at least one stream");
}
