using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

internal static partial class Libc // syscall(2), for the calls that our oldest C library has no function for
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint syscall(nint number, nint a0, nint a1, nint a2, nint a3, nint a4, nint a5);
}
