namespace Berth.Daemon.Hosting;

/// <summary>The daemon's own directories: nobody but root looks into them, since containers' files keep the modes that images gave them.</summary>
internal static class Directories
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // The group of the socket, and everyone on the way to it, must be able to pass.
    private const UnixFileMode Passable = OwnerOnly | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <exception cref="OptionException">One can't be made.</exception>
    public static void Create(DaemonOptions options)
    {
        try
        {
            Directory.CreateDirectory(options.DataRoot, OwnerOnly);
            Directory.CreateDirectory(options.ExecRoot, Passable);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"can't make a directory: {e.Message}");
        }
    }
}
