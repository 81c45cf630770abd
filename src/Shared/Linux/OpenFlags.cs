using System.Runtime.InteropServices;

namespace Berth.Shared.Linux;

/// <summary>O_*, RESOLVE_*, AT_* and S_IF* of fcntl.h, openat2.h and stat.h.</summary>
public static class OpenFlags
{
    private static bool Arm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2;
    public const int Create = 0x40, Exclusive = 0x80, NoControllingTerminal = 0x100, Truncate = 0x200, NonBlocking = 0x800;
    public const int CloseOnExec = 0x80000, PathOnly = 0x200000;

    // arm64 keeps the numbers that 32-bit arm gave these two.
    public static int Directory => Arm64 ? 0x4000 : 0x10000;

    public static int NoFollow => Arm64 ? 0x8000 : 0x20000;

    public const ulong ResolveNoMagicLinks = 0x02, ResolveNoSymlinks = 0x04, ResolveBeneath = 0x08, ResolveInRoot = 0x10;

    /// <summary>AT_FDCWD.</summary>
    public const int CurrentDirectory = -100;

    public const int AtSymlinkNoFollow = 0x100, AtNoAutomount = 0x800, AtEmptyPath = 0x1000, AtRecursive = 0x8000;

    public const uint TypeMask = 0xF000, Fifo = 0x1000, CharacterDevice = 0x2000, DirectoryType = 0x4000, BlockDevice = 0x6000, Regular = 0x8000, Symlink = 0xA000;
}
