using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Logs;

/// <summary>A reader's place in a log that is being written and rotated.</summary>
internal sealed class LogCursor(string path, LogQuery query, LogFileReader reader) : IDisposable
{
    private LogFile? file;
    private long offset;

    /// <summary>Copies all that there is beyond the place, through as many files as there are.</summary>
    public async ValueTask CopyAsync(CancellationToken ct)
    {
        if (file is null && !await BeginAsync(ct))
        {
            return;
        }

        while (!reader.IsPastUntil)
        {
            var current = file ?? throw new InvalidOperationException("the log was not begun");
            if (current.Length < offset)
            {
                offset = 0; // emptied: a log of one file is rotated so
            }

            // Asked before reading: what is written to a file before it is rotated is there once the rotation can be seen.
            var rotated = FileIdentity.TryOf(path) is { } now && now != current.Identity;
            offset = await reader.CopyAsync(current, offset, long.MaxValue, ct);
            if (!rotated || !Next(current))
            {
                return;
            }
        }
    }

    public void Dispose() => file?.Dispose();

    /// <summary>Finds the first wanted line, and copies whatever older files hold.</summary>
    private async ValueTask<bool> BeginAsync(CancellationToken ct)
    {
        using var set = LogFileSet.TryOpen(path);
        if (set is null)
        {
            return false;
        }

        var (index, start) = LogPosition.Find(set, set.Current.Length, query);
        for (; index < set.Files.Count - 1; index++, start = 0)
        {
            await reader.CopyAsync(set.Files[index], start, long.MaxValue, ct);
        }

        (file, offset) = (set.TakeCurrent(), start);
        return true;
    }

    /// <summary>Goes on to the file that followed ours; false when it is not there yet.</summary>
    private bool Next(LogFile current)
    {
        var next = FindNext(current.Identity);
        if (next is null)
        {
            return false;
        }

        current.Dispose();
        (file, offset) = (next, 0);
        return true;
    }

    private LogFile? FindNext(FileIdentity own)
    {
        for (var number = 1; ; number++)
        {
            var identity = FileIdentity.TryOf($"{path}.{number}");
            if (identity == own)
            {
                return Open(number - 1);
            }

            if (identity is null && FileIdentity.TryOf($"{path}.{number}.gz") is null)
            {
                break;
            }
        }

        // Ours was compressed (so it is the newest compressed one) or deleted (so we lagged by the whole log): go on with the oldest plain one.
        var oldest = 0;
        while (FileIdentity.TryOf($"{path}.{oldest + 1}") is not null)
        {
            oldest++;
        }

        return Open(oldest);
    }

    private LogFile? Open(int number) => LogFile.TryOpen(number == 0 ? path : $"{path}.{number}");
}
