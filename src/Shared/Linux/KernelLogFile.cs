using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>/dev/kmsg: one record per read(2), EAGAIN at the end, EPIPE when records were overwritten.</summary>
public static class KernelLogFile
{
    private const int SEEK_END = 2;

    /// <returns>Null where it may not be read (dmesg_restrict without CAP_SYSLOG), or does not exist.</returns>
    public static SafeFileHandle? OpenAtEnd()
    {
        var fd = Libc.open_path("/dev/kmsg", Libc.O_NONBLOCK | Libc.O_CLOEXEC, 0);
        if (fd < 0)
        {
            return null;
        }

        var handle = new SafeFileHandle(fd, ownsHandle: true);
        if (Libc.lseek_to(fd, 0, SEEK_END) < 0)
        {
            handle.Dispose();
            return null;
        }

        return handle;
    }
}
