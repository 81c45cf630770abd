using Berth.Client.CommandLine;

namespace Berth.Client.Archives;

/// <summary>
/// Where a copy goes, by the rules of cp -a: into a directory that is there under the source's name, else under the destination's own name.
/// </summary>
/// <param name="Directory">An existing directory.</param>
/// <param name="Name">The name that the copy gets in it; empty when only the source directory's content is copied.</param>
internal sealed record CopyTarget(string Directory, string Name)
{
    /// <param name="sourceBase">The source's last component; "." when its content is meant, "/" for a root.</param>
    /// <param name="destination">As the user wrote it.</param>
    /// <param name="isDirectory">Whether the destination is a directory, a link to one included; null when it is not there.</param>
    /// <exception cref="CommandFailedException">The two don't go together.</exception>
    public static CopyTarget Choose(string sourceBase, bool sourceIsDirectory, string destination, bool? isDirectory)
    {
        switch (isDirectory)
        {
            case true:
                return new CopyTarget(destination, sourceBase is "." or "/" ? "" : sourceBase);
            case false when sourceIsDirectory:
                throw new CommandFailedException("cannot copy directory");
            case null when !sourceIsDirectory && SaysDirectory(destination):
                throw new CommandFailedException("no such directory");
        }

        var path = destination.TrimEnd('/');
        path = path.EndsWith("/.", StringComparison.Ordinal) ? path[..^2] : path;
        var slash = path.LastIndexOf('/');
        return new CopyTarget(slash < 0 ? "." : slash == 0 ? "/" : path[..slash], path[(slash + 1)..]);
    }

    public static bool SaysDirectory(string path) => path.EndsWith('/') || path.EndsWith("/.", StringComparison.Ordinal) || path == ".";

    /// <summary>The last component of a path, as archives name it.</summary>
    public static string BaseOf(string path)
    {
        var trimmed = path.TrimEnd('/');
        return trimmed.Length == 0 ? "/" : trimmed[(trimmed.LastIndexOf('/') + 1)..];
    }
}
