using Berth.Daemon.Containers.Planning;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>The host's side of bind mounts.</summary>
internal static class BindSource
{
    /// <summary>Checks that the source is there, and makes it a directory when the user asked for that.</summary>
    /// <exception cref="EngineException">InvalidArgument: it is not there, or can't be made.</exception>
    public static void Ensure(MountPlan.Bind bind)
    {
        if (Path.Exists(bind.Source))
        {
            return;
        }

        if (!bind.CreateSource)
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid mount config for type \"bind\": bind source path does not exist: {bind.Source}");
        }

        try
        {
            Directory.CreateDirectory(bind.Source);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"error while creating mount source path '{bind.Source}': {error.Message}", error);
        }
    }
}
