using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <time.h>: the call of LocalTime.cs
internal static unsafe partial class Libc
{
    [LibraryImport("libc")]
    internal static partial void* localtime_r(long* time, void* result);
}
