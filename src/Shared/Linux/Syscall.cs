using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Berth.Shared.Linux;

/// <summary>Turns a native return value into a value or an <see cref="ErrnoException"/>.</summary>
public static class Syscall
{
    /// <summary>The error of the last binding called with SetLastError on this thread.</summary>
    public static Errno LastErrno => (Errno)Marshal.GetLastPInvokeError();

    /// <exception cref="ErrnoException">The result is -1.</exception>
    public static int Check(int result, string call, string? target = null)
        => result >= 0 ? result : throw new ErrnoException(LastErrno, call, target);

    /// <inheritdoc cref="Check(int,string,string?)"/>
    public static nint Check(nint result, string call, string? target = null)
        => result >= 0 ? result : throw new ErrnoException(LastErrno, call, target);

    /// <summary>Checks a descriptor and takes ownership of it.</summary>
    /// <exception cref="ErrnoException">The result is -1.</exception>
    public static SafeFileHandle CheckFd(nint result, string call, string? target = null)
        => new(Check(result, call, target), ownsHandle: true);

    /// <summary>The raw descriptor number, for a native call during which the handle is kept alive by the caller.</summary>
    public static int Fd(this SafeFileHandle handle) => (int)handle.DangerousGetHandle();
}
