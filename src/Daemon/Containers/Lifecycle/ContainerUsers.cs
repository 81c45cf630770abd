using System.Collections.Concurrent;
using Berth.Daemon.Containers.Spec;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>Who a container's process is. Read from the image once, as long as the container has not changed its own /etc.</summary>
internal sealed class ContainerUsers(ContainerPaths paths)
{
    private const int CacheLimit = 1024;

    private readonly ConcurrentDictionary<string, ContainerUser> _ofImages = new(StringComparer.Ordinal);

    /// <param name="lowerDirectories">The image's layers, top first.</param>
    public ContainerUser Resolve(ContainerRecord container, IReadOnlyList<string> lowerDirectories)
    {
        var process = container.Plan.Process;
        var diff = paths.Diff(container.Id);
        if (Path.Exists(Path.Combine(diff, "etc")))
        {
            return Read([diff, .. lowerDirectories], process.User, process.GroupAdd);
        }

        var key = $"{container.ImageId}\n{process.User}\n{string.Join('\n', process.GroupAdd)}";
        if (_ofImages.TryGetValue(key, out var known))
        {
            return known;
        }

        if (_ofImages.Count >= CacheLimit)
        {
            _ofImages.Clear();
        }

        return _ofImages[key] = Read(lowerDirectories, process.User, process.GroupAdd);
    }

    private static ContainerUser Read(IReadOnlyList<string> layers, string user, IReadOnlyList<string> groupAdd)
    {
        using var root = RootView.Open(layers);
        return ContainerUser.Resolve(root, user, groupAdd);
    }
}
