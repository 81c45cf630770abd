using Berth.Daemon.Quotas;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers;

/// <summary>--storage-opt size: how much a container may write into its own layer.</summary>
internal sealed class StorageLimit(ContainerPaths paths, QuotaService quotas)
{
    public const string OwnerPrefix = "container/";

    /// <summary>Limits a container whose directories have just been made.</summary>
    /// <exception cref="EngineException">InvalidArgument: the data root's file system keeps no such limits.</exception>
    public void Set(string id, long bytes)
    {
        if (!QuotaService.IsAvailable(paths.Diff(id)))
        {
            throw new EngineException(ErrorKind.InvalidArgument,
                $"invalid HostConfig.StorageOpt: size: --storage-opt is supported only where {paths.Containers} is on ext4 or xfs with enforced project quotas (mount option prjquota)");
        }

        // Overlay moves files from the work directory to the layer, which only works within one project.
        quotas.Limit(OwnerPrefix + id, bytes, paths.Diff(id), paths.Work(id));
    }

    public void Release(string id) => quotas.Release(OwnerPrefix + id, paths.Containers);

    /// <param name="ids">All containers there are.</param>
    public void Restore(IEnumerable<string> ids) => quotas.Restore(OwnerPrefix, ids.Select(id => OwnerPrefix + id).ToHashSet(StringComparer.Ordinal), paths.Containers);
}
