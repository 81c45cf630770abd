using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Volumes;

namespace Berth.Daemon.Containers;

/// <summary>Which volumes the containers have, those at rest too.</summary>
internal sealed class ContainerVolumeUsers(ContainerIndex containers) : IVolumeUsers
{
    public IEnumerable<VolumeUse> VolumeUses() => containers.All.SelectMany(cell => Of(cell.Record));

    public static IEnumerable<VolumeUse> Of(ContainerRecord container)
        => container.Mounts.OfType<MountPlan.Volume>().Select(volume => volume.Name).Distinct(StringComparer.Ordinal).Select(name => new VolumeUse(name, container.Id));
}
