namespace Berth.Daemon.SystemInfo;

/// <summary>The engine's identity: made once, kept in the data root, told by /info.</summary>
internal static class EngineId
{
    public static string ReadOrCreate(string dataRoot)
    {
        var path = Path.Combine(dataRoot, "engine-id");
        if (File.Exists(path))
        {
            return File.ReadAllText(path).Trim();
        }

        var id = Guid.NewGuid().ToString();
        var temporary = path + ".new";
        File.WriteAllText(temporary, id + "\n");
        File.Move(temporary, path, overwrite: true);
        return id;
    }
}
