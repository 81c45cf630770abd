namespace Berth.Daemon.Containers.Planning;

/// <summary>Paths inside a container, as text: nothing is looked up here.</summary>
internal static class ContainerPath
{
    /// <summary>The shortest text for the same absolute path: no "//", "." or ".." parts, no slash at the end.</summary>
    public static string Clean(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..")
            {
                if (parts.Count > 0)
                {
                    parts.RemoveAt(parts.Count - 1);
                }
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return "/" + string.Join('/', parts);
    }
}
