using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.Spec;
using Berth.Daemon.Images;
using Berth.Daemon.Images.Snapshots;
using Berth.Daemon.Volumes;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers;

/// <summary>Makes of the mounts that were asked for those that a new container has: makes and fills its volumes, takes over those of others, finds its images.</summary>
internal sealed class MountResolver(ContainersOptions options, ContainerIndex containers, VolumeService volumes, ImageService images, SnapshotService snapshots)
{
    private readonly string _dataRoot = Path.GetFullPath(options.DataRoot);

    /// <returns>Keeps what the mounts name until it is disposed of: by then the container's record is there to do so.</returns>
    /// <exception cref="EngineException">InvalidArgument: a bind source or image is not there, no such container to take volumes from. Nothing is left then.</exception>
    public ResolvedMounts Resolve(ContainerPlan plan, ImageRecord image)
    {
        var resolved = new ResolvedMounts(volumes);
        try
        {
            foreach (var mount in Chosen(plan))
            {
                resolved.Add(mount switch
                {
                    MountPlan.Bind bind => Checked(bind),
                    MountPlan.Volume volume => Held(volume, resolved),
                    MountPlan.Image files => Held(files, resolved),
                    _ => mount,
                });
            }

            Fill([.. resolved.Mounts.OfType<MountPlan.Volume>()], image);
            return resolved;
        }
        catch
        {
            resolved.Dispose();
            throw;
        }
    }

    /// <summary>One mount for each target: the container's own before those of others, and those before a place that merely wants some volume.</summary>
    private IEnumerable<MountPlan> Chosen(ContainerPlan plan)
    {
        var mounts = new Dictionary<string, MountPlan>(StringComparer.Ordinal);
        foreach (var mount in plan.VolumesFrom.SelectMany(FromOther))
        {
            mounts[mount.Target] = mount;
        }

        foreach (var mount in plan.Mounts)
        {
            if (mount is MountPlan.Volume { Implied: true })
            {
                mounts.TryAdd(mount.Target, mount);
            }
            else
            {
                mounts[mount.Target] = mount;
            }
        }

        return ContainerPlanner.InOrder(mounts.Values);
    }

    private IEnumerable<MountPlan> FromOther(string specification)
    {
        var from = VolumesFromPlan.Parse(specification);

        // Not a 404: clients take that for a missing image, and begin to pull it.
        var other = containers.Find(from.Container)?.Record
            ?? throw new EngineException(ErrorKind.InvalidArgument, $"No such container: {from.Container}");
        foreach (var mount in other.Mounts)
        {
            if (mount is MountPlan.Tmpfs && other.HostConfig.Tmpfs?.ContainsKey(mount.Target) == true)
            {
                continue; // --tmpfs is an option of that container alone
            }

            var taken = mount with { ReadOnly = mount.ReadOnly || from.ReadOnly, Mode = "" };
            yield return taken is MountPlan.Volume volume ? volume with { Copy = false, Implied = false } : taken;
        }
    }

    private MountPlan.Bind Checked(MountPlan.Bind bind)
    {
        if (!bind.CreateSource)
        {
            BindSource.Ensure(bind);
        }

        // What shows the engine's own directory must let go of what the engine unmounts there.
        if (!MountTable.IsAtOrBelow(bind.Source, _dataRoot) && !MountTable.IsAtOrBelow(_dataRoot, bind.Source))
        {
            return bind;
        }

        if (bind.DefaultPropagation)
        {
            return bind with { Propagation = "rslave" };
        }

        return bind.Propagation is "rslave" or "rshared" ? bind : throw new EngineException(ErrorKind.InvalidArgument,
            $"invalid mount config: must use either propagation mode \"rslave\" or \"rshared\" when mount source is within the daemon root, daemon root: \"{_dataRoot}\", bind mount source: \"{bind.Source}\", propagation: \"{bind.Propagation}\"");
    }

    private MountPlan.Volume Held(MountPlan.Volume mount, ResolvedMounts resolved)
    {
        var hold = volumes.Hold(new VolumeRequest(mount.Name.Length == 0 ? null : mount.Name, VolumeRecord.Driver, mount.Labels, mount.DriverOptions));
        resolved.Keep(hold);
        return mount with { Name = hold.Volume.Name };
    }

    private MountPlan.Image Held(MountPlan.Image mount, ResolvedMounts resolved)
    {
        if (mount.ImageId.Length > 0 && images.FindById(mount.ImageId) is not null)
        {
            return mount; // taken over from a container that holds it
        }

        try
        {
            var (image, hold) = images.ResolveAndHold(mount.Source, platform: null);
            resolved.Keep(hold);
            var found = mount with { ImageId = image.Id };
            if (mount.Subpath is not null)
            {
                ImageLayers.Of(snapshots.LowerDirectories(image), found);
            }

            return found;
        }
        catch (EngineException missing) when (missing.Kind == ErrorKind.NotFound)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"invalid mount config for type \"image\": {missing.Message}: pull it first", missing);
        }
    }

    private void Fill(IReadOnlyList<MountPlan.Volume> mounts, ImageRecord image)
    {
        SafeFileHandle? root = null;
        try
        {
            foreach (var mount in mounts)
            {
                if (mount is { Copy: true, Subpath: null } && !volumes.IsFilledWhenMounted(mount.Name))
                {
                    root ??= RootView.Open(snapshots.LowerDirectories(image));
                    volumes.Fill(mount.Name, root, mount.Target);
                }
            }
        }
        finally
        {
            root?.Dispose();
        }
    }
}
