using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Attach;

internal static class AttachErrors
{
    public static EngineException Paused(string id) => new(ErrorKind.Conflict, $"container {id} is paused, unpause the container before attach");

    public static EngineException InvalidSize(string name, string? value) => new(ErrorKind.InvalidArgument, $"invalid resize {name} \"{value}\": must be a number from 0 to 65535");
}
