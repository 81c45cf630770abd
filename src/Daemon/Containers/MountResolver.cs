using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.Spec;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Volumes;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers;

/// <summary>Makes of the mounts that were asked for those that a new container has: names and fills its volumes, takes over those of others.</summary>
internal sealed class MountResolver(ContainerIndex containers, VolumeService volumes, SnapshotService snapshots)
{
    /// <exception cref="EngineException">InvalidArgument: a bind source is not there. NotFound: no such container to take volumes from.</exception>
    public IReadOnlyList<MountPlan> Resolve(ContainerPlan plan, ImageRecord image)
    {
        var mounts = new List<MountPlan>();
        foreach (var mount in plan.Mounts.Select(Named).Concat(FromOthers(plan)))
        {
            if (mount is MountPlan.Bind bind && !bind.CreateSource)
            {
                BindSource.Ensure(bind);
            }

            if (!mounts.Exists(other => other.Target == mount.Target)) // the container's own come first
            {
                mounts.Add(mount);
            }
        }

        EnsureVolumes([.. mounts.OfType<MountPlan.Volume>()], image);
        return mounts;
    }

    private static MountPlan Named(MountPlan mount)
        => mount is MountPlan.Volume { Name.Length: 0 } volume ? volume with { Name = ContainerName.NewId() } : mount;

    private IEnumerable<MountPlan> FromOthers(ContainerPlan plan)
    {
        foreach (var specification in plan.VolumesFrom)
        {
            var colon = specification.IndexOf(':');
            var (name, mode) = colon < 0 ? (specification, "") : (specification[..colon], specification[(colon + 1)..]);
            var readOnly = mode switch
            {
                "" or "rw" or "z" or "Z" or "rw,z" or "rw,Z" => false,
                "ro" or "ro,z" or "ro,Z" => true,
                _ => throw new EngineException(ErrorKind.InvalidArgument, $"invalid mode for volumes-from: {mode}"),
            };
            foreach (var mount in containers.Resolve(name).Record.Mounts)
            {
                if (mount is MountPlan.Bind or MountPlan.Volume)
                {
                    yield return readOnly ? mount with { ReadOnly = true } : mount;
                }
            }
        }
    }

    private void EnsureVolumes(IReadOnlyList<MountPlan.Volume> mounts, ImageRecord image)
    {
        var toFill = new List<MountPlan.Volume>();
        foreach (var mount in mounts)
        {
            volumes.Ensure(mount.Name);
            if (mount is { Copy: true, Subpath: null })
            {
                toFill.Add(mount);
            }
        }

        if (toFill.Count == 0)
        {
            return;
        }

        using var root = RootView.Open(snapshots.LowerDirectories(image));
        foreach (var mount in toFill)
        {
            volumes.Populate(mount.Name, root, mount.Target);
        }
    }
}
