namespace Berth.Daemon.Volumes;

/// <summary>Who uses volumes, at rest or running; implemented by the feature that mounts them, so that removal can refuse.</summary>
internal interface IVolumeUsers
{
    IEnumerable<VolumeUse> VolumeUses();
}

internal readonly record struct VolumeUse(string Volume, string ContainerId);
