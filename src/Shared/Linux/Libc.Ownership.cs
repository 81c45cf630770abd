using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <unistd.h>, <fcntl.h>: the calls of Files.cs
internal static partial class Libc
{
    internal const int F_SETFD = 2, FD_CLOEXEC = 1;

    /// <summary>uint.MaxValue, C's -1, leaves an owner as it is.</summary>
    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    internal static partial int chown_path(string path, uint uid, uint gid);
}
