using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Logs;

/// <summary>The files of one container's log as they were at one instant, oldest first; the last is the one being written.</summary>
internal sealed class LogFileSet : IDisposable
{
    /// <summary>More rotated files than this nobody keeps; the search for them ends at the first number that is missing anyway.</summary>
    private const int MaxFiles = 10_000;

    private readonly List<LogFile> files;
    private bool currentTaken;

    private LogFileSet(List<LogFile> files) => this.files = files;

    public IReadOnlyList<LogFile> Files => files;

    public LogFile Current => files[^1];

    /// <summary>The current file, which the caller disposes from now on.</summary>
    public LogFile TakeCurrent()
    {
        currentTaken = true;
        return Current;
    }

    /// <summary>Whether the newest of these files is the one that is being written now.</summary>
    public bool IsStillCurrent(string path) => FileIdentity.TryOf(path) == Current.Identity;

    /// <param name="path">Of the current file; rotated ones are path.1 (the newest) and on, or path.1.gz.</param>
    /// <returns>Null when nothing has been logged.</returns>
    public static LogFileSet? TryOpen(string path)
    {
        while (true)
        {
            var current = LogFile.TryOpen(path);
            if (current is null)
            {
                return null;
            }

            var files = new List<LogFile> { current };
            for (var number = 1; number < MaxFiles; number++)
            {
                var rotated = LogFile.TryOpen($"{path}.{number}") ?? LogFile.TryOpen($"{path}.{number}.gz");
                if (rotated is null)
                {
                    break;
                }

                files.Add(rotated);
            }

            files.Reverse();
            var set = new LogFileSet(files);

            // A rotation while we were opening moves every file by one: what we have may repeat one or lack one.
            if (set.IsStillCurrent(path))
            {
                return set;
            }

            set.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var file in currentTaken ? files.SkipLast(1) : files)
        {
            file.Dispose();
        }
    }
}
