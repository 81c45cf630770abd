using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Archive;

/// <summary>A file's mode in the bits of Go's os.FileMode, which Docker's API carries.</summary>
internal static class GoFileMode
{
    private const long Directory = 1L << 31, Symlink = 1L << 27, Device = 1L << 26, Fifo = 1L << 25, Socket = 1L << 24;
    private const long SetUid = 1L << 23, SetGid = 1L << 22, CharacterDevice = 1L << 21, Sticky = 1L << 20;

    public static long From(FileStatus status)
    {
        long mode = status.Permissions & 0x1FF;
        mode |= (status.Permissions & 0x800) != 0 ? SetUid : 0;
        mode |= (status.Permissions & 0x400) != 0 ? SetGid : 0;
        mode |= (status.Permissions & 0x200) != 0 ? Sticky : 0;
        return mode | status.Kind switch
        {
            FileKind.Directory => Directory,
            FileKind.Symlink => Symlink,
            FileKind.BlockDevice => Device,
            FileKind.CharacterDevice => Device | CharacterDevice,
            FileKind.Fifo => Fifo,
            FileKind.Socket => Socket,
            _ => 0,
        };
    }
}
