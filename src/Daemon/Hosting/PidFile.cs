using System.Globalization;

namespace Berth.Daemon.Hosting;

/// <summary>The file that holds this daemon's process id while it runs.</summary>
internal sealed class PidFile : IDisposable
{
    private readonly string path;

    private PidFile(string path) => this.path = path;

    /// <exception cref="OptionException">Another daemon, still running, has written the file, or it can't be written.</exception>
    public static PidFile? Create(string? path)
    {
        if (path is null)
        {
            return null;
        }

        try
        {
            if (File.Exists(path) && int.TryParse(File.ReadAllText(path).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var other)
                && other != Environment.ProcessId && ProcessName(other) == ProcessName(Environment.ProcessId))
            {
                throw new OptionException($"{path}: another daemon is running, process {other}");
            }

            Directory.CreateDirectory(Path.GetDirectoryName(path)!); // an absolute path of a file has a directory
            File.WriteAllText(path, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
            return new PidFile(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"can't write the pid file: {e.Message}");
        }
    }

    public void Dispose() => File.Delete(path);

    /// <summary>A number that another program has by now is not a daemon.</summary>
    private static string? ProcessName(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/comm");
        }
        catch (IOException)
        {
            return null;
        }
    }
}
