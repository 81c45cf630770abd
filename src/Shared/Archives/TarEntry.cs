using Berth.Shared.Linux;

namespace Berth.Shared.Archives;

/// <summary>One member of a tar archive; names are bytes, as the archive has them.</summary>
public sealed class TarEntry
{
    public required byte[] Name { get; init; }

    public required TarEntryKind Kind { get; init; }

    /// <summary>Permission bits, setuid and the like among them; no type.</summary>
    public uint Permissions { get; init; }

    public uint Uid { get; init; }

    public uint Gid { get; init; }

    /// <summary>Bytes of content, of a sparse file with its holes.</summary>
    public long Size { get; init; }

    public FileTime Modified { get; init; }

    /// <summary>Only if the archive tells it.</summary>
    public FileTime? Accessed { get; init; }

    /// <summary>A symbolic link's text, a hard link's older name.</summary>
    public byte[] LinkTarget { get; init; } = [];

    public uint DeviceMajor { get; init; }

    public uint DeviceMinor { get; init; }

    /// <summary>Extended attributes by their whole names ("security.capability").</summary>
    public IReadOnlyList<(byte[] Name, byte[] Value)> Attributes { get; init; } = [];

    /// <summary>Where the content lies in a sparse file; null when it is all there.</summary>
    public IReadOnlyList<TarSegment>? Segments { get; init; }
}

public enum TarEntryKind
{
    File,
    HardLink,
    Symlink,
    CharacterDevice,
    BlockDevice,
    Directory,
    Fifo,
}

/// <summary>A piece of a sparse file that is not a hole.</summary>
public readonly record struct TarSegment(long Offset, long Length);
