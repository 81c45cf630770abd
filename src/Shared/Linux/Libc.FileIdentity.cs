using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

// <sys/stat.h>: the call of FileIdentity.cs
internal static unsafe partial class Libc
{
    internal const int AT_FDCWD_FLAG = -100, AT_EMPTY_PATH_FLAG = 0x1000;
    internal const uint STATX_INO = 0x100;

    /// <summary>struct statx, of which only the identity is read.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    internal struct StatxIdentity
    {
        [FieldOffset(0x20)] internal ulong Inode;
        [FieldOffset(0x88)] internal uint DeviceMajor;
        [FieldOffset(0x8c)] internal uint DeviceMinor;
    }

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    internal static partial int statx_identity(int directory, byte* path, int flags, uint mask, StatxIdentity* status);
}
