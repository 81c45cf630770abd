namespace Berth.Daemon.Volumes;

/// <summary>One volume in memory.</summary>
internal sealed class VolumeCell(VolumeRecord record, LocalVolumeOptions options)
{
    /// <summary>Anyone reads it; replaced by who holds <see cref="Gate"/>, disk first.</summary>
    public VolumeRecord Record { get; set; } = record;

    public LocalVolumeOptions Options { get; } = options;

    /// <summary>Orders what is done to the volume's files: mounting, unmounting, filling, removing. Slow work happens in here; taken before the service's own lock, never after it.</summary>
    public Lock Gate { get; } = new();

    /// <summary>Containers that run with it. Guarded by <see cref="Gate"/>.</summary>
    public HashSet<string> Users { get; } = new(StringComparer.Ordinal);

    /// <summary>Its file system is mounted over its directory. Guarded by <see cref="Gate"/>.</summary>
    public bool IsMounted { get; set; }

    /// <summary>Requests that are about to record its use. Guarded by the service's lock.</summary>
    public int Holds { get; set; }

    /// <summary>It is being taken away. Guarded by the service's lock.</summary>
    public bool IsLeaving { get; set; }
}
