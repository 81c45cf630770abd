using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Containers.UserNamespaces;
using Berth.Daemon.Volumes;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Takes a container at rest away: out of sight at once, its files in the background.</summary>
internal sealed class ContainerRemoval(
    ContainerPaths paths, ContainerIndex containers, ContainerStore store, VolumeService volumes, StorageLimit storage, UserNamespaceService userNamespaces, Trash trash, ContainerEvents events, ILogger<ContainerRemoval> log)
{
    /// <param name="removeVolumes">Its anonymous volumes go too.</param>
    public void Remove(ContainerTurn turn, bool removeVolumes)
    {
        var record = turn.Record;
        if (record.IsLive)
        {
            throw new InvalidOperationException($"{record.Id} is removed while it runs");
        }

        if (!record.IsBeingRemoved)
        {
            turn.Intend(ContainerIntent.Remove);
        }

        trash.Discard(paths.Directory(record.Id));
        storage.Release(record.Id);
        store.Delete(record.Id);
        userNamespaces.Release(record.Id); // what may still be in use of the range is gone with the files: they keep the container's own numbers
        containers.Remove(turn.Cell);
        turn.Cell.AnnounceRemoval(End(record));
        if (removeVolumes)
        {
            foreach (var volume in record.Mounts.OfType<MountPlan.Volume>().Where(mount => mount.Anonymous))
            {
                volumes.RemoveWithContainer(volume.Name); // unless it was handed on by --volumes-from
            }
        }

        events.Publish("destroy", record);
        log.ContainerRemoved(record.Id);
    }

    private static RunEnd End(ContainerRecord record) => record.State switch
    {
        ContainerState.Exited exited => new RunEnd(exited.ExitCode, exited.Error),
        ContainerState.Created created => new RunEnd(created.ExitCode, created.Error),
        _ => new RunEnd(0, null),
    };
}
