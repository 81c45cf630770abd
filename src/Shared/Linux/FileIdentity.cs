using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Which file it is, whatever its name: device and inode; statx(2).</summary>
public readonly record struct FileIdentity(uint DeviceMajor, uint DeviceMinor, ulong Inode)
{
    /// <exception cref="ErrnoException">EBADF.</exception>
    public static unsafe FileIdentity Of(SafeFileHandle file)
    {
        Libc.StatxIdentity status;
        var empty = (byte)0;
        Syscall.Check(Libc.statx_identity(file.Fd(), &empty, Libc.AT_EMPTY_PATH_FLAG, Libc.STATX_INO, &status), "statx");
        return new FileIdentity(status.DeviceMajor, status.DeviceMinor, status.Inode);
    }

    /// <returns>Null when there is no such file.</returns>
    /// <exception cref="ErrnoException">EACCES, ENAMETOOLONG.</exception>
    public static unsafe FileIdentity? TryOf(string path)
    {
        Libc.StatxIdentity status;
        var name = Marshal.StringToCoTaskMemUTF8(path);
        try
        {
            if (Libc.statx_identity(Libc.AT_FDCWD_FLAG, (byte*)name, 0, Libc.STATX_INO, &status) < 0)
            {
                var errno = Syscall.LastErrno;
                return errno is Errno.ENOENT or Errno.ENOTDIR ? null : throw new ErrnoException(errno, "statx", path);
            }
        }
        finally
        {
            Marshal.FreeCoTaskMem(name);
        }

        return new FileIdentity(status.DeviceMajor, status.DeviceMinor, status.Inode);
    }
}
