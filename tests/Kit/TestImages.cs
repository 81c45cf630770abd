namespace Berth.Kit;

/// <summary>Real images, made once for all tests from Debian's packages.</summary>
public static class TestImages
{
    private static readonly Lazy<Task<string>> Busybox = new(MakeBusyboxAsync);

    /// <summary>A docker-archive of busybox:latest.</summary>
    public static Task<string> BusyboxArchiveAsync() => Busybox.Value;

    private static async Task<string> MakeBusyboxAsync()
    {
        var folder = Path.Combine(Host.Repository, "out", "images");
        Directory.CreateDirectory(folder);
        var archive = Path.Combine(folder, "busybox.tar");
        if (!File.Exists(archive))
        {
            var made = $"{archive}.{Environment.ProcessId}";
            (await new Command(Path.Combine(Host.Repository, "scripts", "make-busybox-image.sh"), made, "busybox:latest").RunAsync()).Expect(0);
            File.Move(made, archive, overwrite: true);
        }

        return archive;
    }
}
