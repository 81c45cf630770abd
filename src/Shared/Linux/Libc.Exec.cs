using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

internal static unsafe partial class Libc // <unistd.h>
{
    [LibraryImport("libc", SetLastError = true)]
    internal static partial int execv(byte* path, byte** argv);
}
