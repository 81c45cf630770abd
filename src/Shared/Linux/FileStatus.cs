namespace Berth.Shared.Linux;

/// <summary>What statx(2) tells of a file.</summary>
/// <param name="Mode">Type and permission bits, as in st_mode.</param>
/// <param name="Device">Of a device node: major in the upper, minor in the lower half.</param>
/// <param name="FileSystem">The device that holds it; with the inode it tells files apart.</param>
public readonly record struct FileStatus(
    uint Mode, uint Uid, uint Gid, uint Links, ulong Inode, ulong FileSystem, long Size, long Blocks, FileTime Accessed, FileTime Modified, ulong Device)
{
    public FileKind Kind => (FileKind)(Mode & 0xF000);

    public uint Permissions => Mode & 0xFFF;

    public uint DeviceMajor => (uint)(Device >> 32);

    public uint DeviceMinor => (uint)Device;

    /// <summary>A whiteout of overlayfs: a character device 0:0.</summary>
    public bool IsWhiteout => Kind == FileKind.CharacterDevice && Device == 0;
}

/// <summary>The type part of st_mode.</summary>
public enum FileKind : uint
{
    None = 0,
    Fifo = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    Symlink = 0xA000,
    Socket = 0xC000,
}

/// <summary>A file's time: seconds since 1970, which may be negative, and nanoseconds 0 to 999,999,999 after them.</summary>
public readonly record struct FileTime(long Seconds, uint Nanoseconds)
{
    public static FileTime From(DateTimeOffset time)
    {
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        var (seconds, rest) = Math.DivRem(ticks, TimeSpan.TicksPerSecond);
        return rest < 0 ? new FileTime(seconds - 1, (uint)(rest + TimeSpan.TicksPerSecond) * 100) : new FileTime(seconds, (uint)rest * 100);
    }
}
