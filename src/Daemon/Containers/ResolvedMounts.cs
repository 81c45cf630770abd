using Berth.Daemon.Containers.Planning;
using Berth.Daemon.Volumes;

namespace Berth.Daemon.Containers;

/// <summary>The mounts of a container that is being made, and what holds the things they name until its record does.</summary>
internal sealed class ResolvedMounts(VolumeService volumes) : IDisposable
{
    private readonly List<MountPlan> _mounts = [];
    private readonly List<IDisposable> _holds = [];
    private bool _isComplete;

    public IReadOnlyList<MountPlan> Mounts => _mounts;

    public void Add(MountPlan mount) => _mounts.Add(mount);

    public void Keep(IDisposable hold) => _holds.Add(hold);

    /// <summary>The container is there: its volumes stay.</summary>
    public void Complete() => _isComplete = true;

    public void Dispose()
    {
        _holds.ForEach(hold => hold.Dispose());
        if (_isComplete)
        {
            return;
        }

        foreach (var made in _holds.OfType<VolumeHold>().Where(hold => hold.WasMade))
        {
            volumes.RemoveWithContainer(made.Volume.Name);
        }
    }
}
