using Berth.Daemon.Containers.Planning;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.UserNamespaces;

/// <summary>
/// Which container runs with which ids of the host. A mapping is given when the container is made and kept until it is removed, whatever the
/// daemon's options say meanwhile; ranges of single containers never overlap. Files on disk keep the container's own numbers: mounts are id-mapped.
/// </summary>
internal sealed class UserNamespaceService(UserNamespaceOptions options, UserNamespaceStore store)
{
    /// <summary>Ranges begin at multiples of this many ids: programs expect 16 bits of them.</summary>
    public const uint RangeSize = 65536;

    private readonly Lock _gate = new();
    private Dictionary<string, UserMapping>? _mappings;

    /// <summary>Whether overlayfs takes id-mapped layers that are mounted nowhere.</summary>
    public static bool KernelCan { get; } = Environment.OSVersion.Version >= new Version(6, 15);

    public static string NeededKernel { get; } = $"user namespaces need Linux 6.15 (id-mapped layers of overlay), and this is {Environment.OSVersion.Version}";

    private Dictionary<string, UserMapping> Mappings
        => _mappings ??= store.All().ToDictionary(entry => entry.ContainerId, entry => entry.Mapping, StringComparer.Ordinal);

    /// <summary>Gives a new container its mapping.</summary>
    /// <exception cref="EngineException">Unavailable: no range is free.</exception>
    public void Assign(string containerId, UserMode mode)
    {
        if (!IsWanted(mode))
        {
            return;
        }

        lock (_gate)
        {
            var mapping = mode.Kind == UserKind.Default && options.Shared is { } shared ? shared : FreeRange(Math.Max(mode.Size, RangeSize));
            store.Insert(containerId, mapping);
            Mappings.Add(containerId, mapping);
        }
    }

    /// <summary>Null: the container runs with the host's ids.</summary>
    public UserMapping? Find(string containerId)
    {
        lock (_gate)
        {
            return Mappings.GetValueOrDefault(containerId);
        }
    }

    /// <summary>Takes the mapping of a removed container back; there need not be one.</summary>
    public void Release(string containerId)
    {
        lock (_gate)
        {
            if (Mappings.Remove(containerId))
            {
                store.Delete(containerId);
            }
        }
    }

    /// <summary>Takes back what a daemon that died between two steps has left.</summary>
    public void ReleaseAllBut(IReadOnlySet<string> containerIds)
    {
        string[] nobodys;
        lock (_gate)
        {
            nobodys = [.. Mappings.Keys.Where(id => !containerIds.Contains(id))];
        }

        foreach (var id in nobodys)
        {
            Release(id);
        }
    }

    private bool IsWanted(UserMode mode) => mode.Kind == UserKind.Auto || (mode.Kind == UserKind.Default && options.ByDefault);

    private UserMapping FreeRange(uint size)
    {
        var count = (size + RangeSize - 1) / RangeSize * RangeSize;
        var taken = Mappings.Values.Where(mapping => mapping.OwnRange).SelectMany(mapping => mapping.Uids)
            .Select(range => (range.HostId, range.Size)).OrderBy(range => range.HostId);
        ulong first = options.PoolFirst;
        foreach (var (start, length) in taken)
        {
            if (first + count <= start)
            {
                break;
            }

            first = Math.Max(first, (ulong)start + length);
        }

        return first + count <= (ulong)options.PoolFirst + options.PoolCount
            ? UserMapping.Own((uint)first, count)
            : throw new EngineException(ErrorKind.Unavailable, $"no {count} ids are left in the pool of user namespaces ({options.PoolFirst}:{options.PoolCount}); remove containers, or give a larger --userns-pool");
    }
}
