namespace Berth.Runtime.Supervisor.Foreign;

/// <summary>A directory that only we may enter, with a path short enough for a Unix socket in it; removed at the end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("berth-").FullName;

    public string this[string name] => Path.Combine(path, name);

    public void Dispose() => Directory.Delete(path, recursive: true);
}
