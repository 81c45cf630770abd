using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.Spec;
using Berth.Daemon.Events;
using Berth.Daemon.Volumes;

namespace Berth.Daemon.Containers;

/// <summary>Volumes over one run of a container: there before it starts, let go of when it has ended.</summary>
internal sealed class ContainerVolumes(ContainerIndex containers, VolumeService volumes, EventService events)
{
    /// <summary>Makes the container's volumes available, and those that only exist while they are mounted as full as the others.</summary>
    /// <param name="lowerDirectories">The image's layers, top first.</param>
    /// <exception cref="Berth.Shared.Errors.EngineException">NotFound, InvalidArgument: a volume that can't be mounted. Those before it are still to be let go of.</exception>
    public void Mount(ContainerRecord container, IReadOnlyList<string> lowerDirectories)
    {
        foreach (var mount in container.Mounts.OfType<MountPlan.Volume>())
        {
            volumes.Use(mount.Name, container.Id);
            if (mount is { Copy: true, Subpath: null } && volumes.IsFilledWhenMounted(mount.Name))
            {
                using var root = RootView.Open(lowerDirectories);
                volumes.Fill(mount.Name, root, mount.Target);
            }

            events.Publish(EventType.Volume, "mount", mount.Name, new Dictionary<string, string>
            {
                ["container"] = container.Id,
                ["destination"] = mount.Target,
                ["driver"] = VolumeRecord.Driver,
                ["propagation"] = "",
                ["read/write"] = mount.ReadOnly ? "false" : "true",
            });
        }
    }

    /// <summary>The run has ended, or come to nothing; does no harm twice.</summary>
    public void Release(string containerId)
    {
        if (containers.Find(containerId) is not { } cell)
        {
            return;
        }

        foreach (var name in cell.Record.Mounts.OfType<MountPlan.Volume>().Select(mount => mount.Name).Distinct(StringComparer.Ordinal))
        {
            if (volumes.Leave(name, containerId))
            {
                events.Publish(EventType.Volume, "unmount", name, new Dictionary<string, string> { ["container"] = containerId, ["driver"] = VolumeRecord.Driver });
            }
        }
    }
}
