using System.Text.Json;
using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor;

/// <summary>The file that says how the container ended, for a daemon that was not there.</summary>
internal static class ExitRecord
{
    /// <param name="durable">Sync it to the disk: nobody else knows the exit yet.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    public static void Write(string path, ContainerExit exit, bool durable)
    {
        var temporary = path + ".new";
        using (var file = File.OpenHandle(temporary, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file, JsonSerializer.SerializeToUtf8Bytes(exit, SupervisorJson.Default.ContainerExit), 0);
            if (durable)
            {
                RandomAccess.FlushToDisk(file);
            }
        }

        File.Move(temporary, path, overwrite: true);
    }
}
