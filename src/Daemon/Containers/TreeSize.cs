using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers;

/// <summary>How much a tree of files takes.</summary>
internal static class TreeSize
{
    /// <summary>Bytes of all regular files below; 0 when the directory is not there. What vanishes while it is counted isn't counted.</summary>
    public static long Of(string path)
    {
        if (!Directory.Exists(path))
        {
            return 0;
        }

        using var root = FilesAt.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory);
        return Sum(root, []);
    }

    private static long Sum(SafeFileHandle directory, HashSet<(ulong, ulong)> counted)
    {
        long bytes = 0;
        foreach (var entry in TreeFiles.ReadDirectory(directory))
        {
            if (TreeFiles.TryStatus(directory, entry.Name) is not { } status)
            {
                continue;
            }

            if (status.Kind == FileKind.Directory)
            {
                try
                {
                    using var inner = TreeFiles.OpenSubdirectory(directory, entry.Name);
                    bytes += Sum(inner, counted);
                }
                catch (ErrnoException gone) when (gone.Errno is Errno.ENOENT or Errno.ENOTDIR)
                {
                    // Removed since it was listed.
                }
            }
            else if (status.Kind == FileKind.Regular && (status.Links == 1 || counted.Add((status.FileSystem, status.Inode))))
            {
                bytes += status.Size;
            }
        }

        return bytes;
    }
}
