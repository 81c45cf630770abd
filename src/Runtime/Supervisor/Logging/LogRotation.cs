using Berth.Shared.Supervision;

namespace Berth.Runtime.Supervisor.Logging;

/// <summary>
/// The older files of a log: path.1 is the newest, path.N the oldest, each perhaps as path.N.gz. With one file in all, rotation empties it.
/// Compression runs as a process of its own, one at a time, so that it neither holds the container up nor takes the supervisor's memory.
/// </summary>
internal sealed class LogRotation(ContainerLogTarget target, ILogCompressor compressor)
{
    private const string CompressedSuffix = ".gz";

    /// <summary>The number of the file that is being compressed; it moves with each rotation. 0: none.</summary>
    private int compressing;

    /// <summary>Why the last file was not compressed; it stays as it is, readable all the same.</summary>
    public string? CompressionError { get; private set; }

    private string Scratch => target.Path + CompressedSuffix + ".new";

    /// <summary>Moves the current file away; the caller has closed it and opens a new one.</summary>
    /// <exception cref="IOException">A file could not be moved; none is lost by that.</exception>
    public void Rotate()
    {
        var older = Math.Max(1, target.MaxFiles) - 1;
        if (older == 0)
        {
            File.Delete(target.Path);
            return;
        }

        Remove(Older(older));
        for (var i = older - 1; i >= 1; i--)
        {
            Move(Older(i), Older(i + 1), CompressedSuffix);
            Move(Older(i), Older(i + 1), "");
        }

        File.Move(target.Path, Older(1), overwrite: true);
        if (compressing > 0)
        {
            compressing++;
        }

    }

    private string Older(int number) => $"{target.Path}.{number}";

    private static void Remove(string path)
    {
        File.Delete(path);
        File.Delete(path + CompressedSuffix);
    }

    private static void Move(string from, string to, string suffix)
    {
        if (File.Exists(from + suffix))
        {
            File.Move(from + suffix, to + suffix, overwrite: true);
        }
    }

    /// <summary>Compresses the oldest file that is not, unless one is being compressed.</summary>
    public void CompressNext()
    {
        if (!target.Compress || compressing > 0)
        {
            return;
        }

        for (var i = target.MaxFiles - 1; i >= 1; i--)
        {
            if (File.Exists(Older(i)))
            {
                Attempt(() => compressor.Start(Older(i), Scratch, Compressed));
                compressing = CompressionError is null ? i : 0;
                return;
            }
        }
    }

    private void Compressed(bool succeeded)
    {
        var number = compressing;
        compressing = 0;
        if (!succeeded || number >= target.MaxFiles)
        {
            Attempt(() => File.Delete(Scratch));
            CompressionError ??= succeeded ? null : $"compressing {target.Path}: the compressing process failed";
            return;
        }

        Attempt(() =>
        {
            File.Move(Scratch, Older(number) + CompressedSuffix, overwrite: true);
            File.Delete(Older(number));
        });
        if (CompressionError is null)
        {
            CompressNext();
        }
    }

    private void Attempt(Action action)
    {
        try
        {
            action();
            CompressionError = null;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            CompressionError = $"compressing {target.Path}: {failed.Message}";
        }
    }
}
