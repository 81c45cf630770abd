using System.Text;
using Berth.Daemon.Containers.Planning;
using Berth.Shared.Api;

namespace Berth.Daemon.Containers.Archive;

/// <summary>What a container changed of its image.</summary>
internal sealed class ContainerChanges(ContainerIndex containers, ContainerPaths paths, ContainerViews views)
{
    public IReadOnlyList<FilesystemChange> Of(string idOrName)
        => [.. Layer(containers.Resolve(idOrName).Record).Changes.Select(change => new FilesystemChange { Path = "/" + Encoding.UTF8.GetString(change.Path), Kind = (int)change.Kind })];

    public WritableLayer Layer(ContainerRecord container)
        => WritableLayer.Compare(paths.Diff(container.Id), views.LowerDirectories(container), container.Mounts.Select((MountPlan mount) => mount.Target));
}
