using System.Text;

namespace Berth.Shared.Linux;

/// <summary>System calls made by number; what the thin methods of this folder stand on.</summary>
internal static unsafe class KernelCall
{
    /// <summary>Retries EINTR; <see cref="Syscall.LastErrno"/> tells why the result is -1.</summary>
    internal static nint Invoke(int number, nint a0 = 0, nint a1 = 0, nint a2 = 0, nint a3 = 0, nint a4 = 0, nint a5 = 0)
    {
        nint result;
        do
        {
            result = Libc.syscall(number, a0, a1, a2, a3, a4, a5);
        }
        while (result == -1 && Syscall.LastErrno == Errno.EINTR);
        return result;
    }

    /// <summary>The text as the kernel takes it: UTF-8 with a zero at the end.</summary>
    /// <exception cref="ErrnoException">EINVAL: the text contains a zero itself, and the kernel would see another name than the one that was checked.</exception>
    internal static byte[] Z(string text)
    {
        if (text.Contains('\0'))
        {
            throw new ErrnoException(Errno.EINVAL, "path", text.Replace('\0', '?'));
        }

        var bytes = new byte[Encoding.UTF8.GetByteCount(text) + 1];
        Encoding.UTF8.GetBytes(text, bytes);
        return bytes;
    }
}
