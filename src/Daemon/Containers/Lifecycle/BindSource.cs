using Berth.Daemon.Containers.Planning;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

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

    /// <summary>Mounts can only travel through a bind when the mount its source lies in lets them.</summary>
    /// <exception cref="EngineException">InvalidArgument: it does not.</exception>
    public static void CheckPropagation(MountPlan.Bind bind)
    {
        var wantsShared = bind.Propagation is "shared" or "rshared";
        if ((!wantsShared && bind.Propagation is not ("slave" or "rslave")) || bind.DefaultPropagation)
        {
            return; // our own choice for the engine's directory does good where it can
        }

        var path = KernelFiles.RealPath(bind.Source);
        var mount = MountTable.Containing(MountTable.Read(), path)
            ?? throw new EngineException(ErrorKind.InvalidArgument, $"could not find the mount that {bind.Source} lies in");
        if (!mount.IsShared && (wantsShared || !mount.IsSlave))
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"path {bind.Source} is mounted on {mount.MountPoint} but it is not a {(wantsShared ? "shared" : "shared or slave")} mount");
        }
    }
}
