using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Files without a name, for what does not fit into memory; gone when closed.</summary>
public static class SpillFiles
{
    /// <param name="directory">On the file system that shall hold it.</param>
    /// <exception cref="ErrnoException">ENOENT, EACCES, EROFS, EOPNOTSUPP: the file system has no nameless files. ENOSPC.</exception>
    public static SafeFileHandle Create(string directory)
        => Syscall.CheckFd(Libc.open_path(directory, Libc.O_TMPFILE | Libc.O_DIRECTORY | Libc.O_RDWR | Libc.O_CLOEXEC, 0x180 /* 0600 */), "open O_TMPFILE", directory);

    /// <exception cref="ErrnoException">EIO.</exception>
    public static void Truncate(SafeFileHandle file, long length) => Syscall.Check(Libc.ftruncate_to(file.Fd(), length), "ftruncate");

    /// <summary>Gives the space of a range back.</summary>
    /// <returns>False where the file system can't; nothing else is lost then.</returns>
    public static bool TryFree(SafeFileHandle file, long offset, long length)
        => Libc.fallocate_range(file.Fd(), Libc.FALLOC_FL_PUNCH_HOLE | Libc.FALLOC_FL_KEEP_SIZE, offset, length) == 0;
}
