namespace Berth.Daemon.Hosting;

/// <summary>
/// Image names hold slashes, unescaped, in the middle of paths: /images/example.org/team/app:1/json. A route value ends at a slash, so the
/// slashes inside the name travel through routing as another character and come back in the route value.
/// </summary>
internal static class GreedyNames
{
    /// <summary>No path can hold it: a NUL is refused by the server.</summary>
    private const char Slash = '\0';

    private static readonly string[] ImageVerbs = ["/json", "/history", "/push", "/tag", "/get", "/attestations"];

    public static string Protect(string path)
    {
        if (path.StartsWith("/images/", StringComparison.Ordinal))
        {
            return Protect(path, "/images/".Length, ImageVerbs);
        }

        return path.StartsWith("/distribution/", StringComparison.Ordinal) ? Protect(path, "/distribution/".Length, ["/json"]) : path;
    }

    /// <summary>The name as the client wrote it.</summary>
    public static string Restore(string name)
    {
        // The server leaves an escaped slash as it is.
        var restored = name.Replace(Slash, '/');
        return restored.Contains('%') ? restored.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase) : restored;
    }

    private static string Protect(string path, int start, ReadOnlySpan<string> verbs)
    {
        var end = path.Length;
        foreach (var verb in verbs)
        {
            if (path.EndsWith(verb, StringComparison.Ordinal) && path.Length - verb.Length > start)
            {
                end = path.Length - verb.Length;
                break;
            }
        }

        if (path.AsSpan(start, end - start).IndexOf('/') < 0)
        {
            return path;
        }

        return string.Concat(path.AsSpan(0, start), path.AsSpan(start, end - start).ToString().Replace('/', Slash), path.AsSpan(end));
    }
}
