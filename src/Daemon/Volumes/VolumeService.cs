using Berth.Daemon.Containers;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Events;
using Berth.Daemon.Quotas;
using Berth.Shared.Errors;
using Berth.Shared.Linux;

namespace Berth.Daemon.Volumes;

/// <summary>
/// Directories that outlive the containers which mount them: volumes/NAME/_data under the data root, or what their options mount there. Call
/// <see cref="Restore"/> first, once.
/// </summary>
internal sealed partial class VolumeService(
    ContainersOptions options, VolumeStore store, QuotaService quotas, IVolumeUsers users, Trash trash, EventService events, TimeProvider clock, ILogger<VolumeService> log)
{
    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode Walkable = Owner | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private const UnixFileMode Readable = Walkable | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const string QuotaPrefix = "volume/";

    private readonly string _root = Path.Combine(Path.GetFullPath(options.DataRoot), "volumes");
    private readonly Lock _gate = new();
    private readonly Dictionary<string, VolumeCell> _volumes = new(StringComparer.Ordinal);
    private int _pruning;

    /// <summary>Where the volume's content is seen on the host; of one with a file system of its own, while a container runs with it.</summary>
    public string DirectoryOf(string name) => Path.Combine(_root, name, "_data");

    /// <summary>All volumes, by name.</summary>
    public IReadOnlyList<VolumeRecord> List()
    {
        lock (_gate)
        {
            return [.. _volumes.Values.Where(cell => !cell.IsLeaving).Select(cell => cell.Record).OrderBy(volume => volume.Name, StringComparer.Ordinal)];
        }
    }

    /// <exception cref="EngineException">NotFound.</exception>
    public VolumeRecord Get(string name) => Cell(name).Record;

    /// <summary>The containers that use each volume, at rest or running.</summary>
    public ILookup<string, string> Uses() => users.VolumeUses().ToLookup(use => use.Volume, use => use.ContainerId, StringComparer.Ordinal);

    /// <summary>Makes a volume, or finds the one that has the name already.</summary>
    /// <param name="name">Null or empty: one is made up, and the volume is anonymous.</param>
    /// <param name="driver">Null or empty: local.</param>
    /// <exception cref="EngineException">InvalidArgument: a name or an option. NotFound: no such driver.</exception>
    public VolumeRecord Create(string? name, string? driver, IReadOnlyDictionary<string, string>? labels, IReadOnlyDictionary<string, string>? driverOptions)
    {
        using var hold = Hold(new VolumeRequest(string.IsNullOrEmpty(name) ? null : name, driver, labels, driverOptions));
        return hold.Volume;
    }

    /// <summary>As <see cref="Create"/>, and keeps the volume from being removed until the hold is disposed of: for who is about to record its use.</summary>
    public VolumeHold Hold(VolumeRequest request)
    {
        var name = request.Name ?? VolumeName.New();
        if (request.Driver is not (null or "" or VolumeRecord.Driver))
        {
            throw VolumeErrors.NoSuchDriver(name, request.Driver);
        }

        VolumeName.Check(name);
        var parsed = LocalVolumeOptions.Parse(name, request.Options);
        while (true)
        {
            VolumeCell? leaving;
            lock (_gate)
            {
                if (!_volumes.TryGetValue(name, out leaving))
                {
                    parsed.FileSystem?.RequireKernelSupport(name);
                    return Make(request, name, parsed);
                }

                if (!leaving.IsLeaving)
                {
                    leaving.Holds++;
                    return new VolumeHold(this, leaving, wasMade: false);
                }
            }

            lock (leaving.Gate)
            {
                // Its removal is through, or has failed; look again.
            }
        }
    }

    /// <summary>Removes a volume and all that is in it.</summary>
    /// <param name="force">One that is not there is no error; nothing else is forced.</param>
    /// <exception cref="EngineException">NotFound. Conflict: a container uses it, running or not.</exception>
    public void Remove(string name, bool force)
    {
        VolumeCell? cell;
        lock (_gate)
        {
            _volumes.TryGetValue(name, out cell);
        }

        if (cell is null or { IsLeaving: true })
        {
            if (force)
            {
                return;
            }

            throw VolumeErrors.NotFound(name);
        }

        Remove(cell);
    }

    /// <summary>Removes the anonymous volume of a container that has gone, unless another one has taken it over.</summary>
    public void RemoveWithContainer(string name)
    {
        try
        {
            Remove(name, force: true);
        }
        catch (EngineException used) when (used.Kind == ErrorKind.Conflict)
        {
            if (!Uses().Contains(name))
            {
                log.NotRemoved(name, used);
            }
        }
    }

    /// <summary>Removes volumes that no container uses.</summary>
    /// <param name="wanted">Narrows the choice.</param>
    /// <returns>Their names, and the bytes that were in them.</returns>
    /// <exception cref="EngineException">Conflict: another prune is running.</exception>
    public (IReadOnlyList<string> Names, long Bytes) Prune(Func<VolumeRecord, bool> wanted, CancellationToken ct)
    {
        if (Interlocked.Exchange(ref _pruning, 1) != 0)
        {
            throw VolumeErrors.PruneIsRunning();
        }

        try
        {
            var removed = new List<string>();
            long bytes = 0;
            var uses = Uses();
            // A volume with options of its own may be a directory of the host or another machine's: it goes by name only.
            foreach (var volume in List().Where(volume => volume.Options is not { Count: > 0 } && !uses.Contains(volume.Name) && wanted(volume)))
            {
                ct.ThrowIfCancellationRequested();
                var size = SizeOf(volume) ?? 0;
                if (TryRemoveUnused(volume.Name))
                {
                    removed.Add(volume.Name);
                    bytes += size;
                }
            }

            events.Publish(EventType.Volume, "prune", "", new Dictionary<string, string> { ["reclaimed"] = bytes.ToString(System.Globalization.CultureInfo.InvariantCulture) });
            return (removed, bytes);
        }
        finally
        {
            Volatile.Write(ref _pruning, 0);
        }
    }

    internal void Release(VolumeCell cell)
    {
        lock (_gate)
        {
            cell.Holds--;
        }
    }

    private VolumeHold Make(VolumeRequest request, string name, LocalVolumeOptions parsed)
    {
        var labels = request.Labels;
        if (request.Name is null)
        {
            labels = new Dictionary<string, string>(labels ?? new Dictionary<string, string>(), StringComparer.Ordinal) { [VolumeRecord.AnonymousLabel] = "" };
        }

        var volume = new VolumeRecord { Name = name, CreatedAt = clock.GetUtcNow(), Labels = labels, Options = request.Options };
        store.Insert(volume);
        try
        {
            MakeDirectory(name);
            if (parsed.SizeBytes is { } size)
            {
                Limit(name, size);
            }
        }
        catch
        {
            DiscardDirectory(name);
            store.Delete(name);
            throw;
        }

        var cell = new VolumeCell(volume, parsed) { Holds = 1 };
        _volumes.Add(name, cell);
        events.Publish(EventType.Volume, "create", name, DriverAttribute());
        log.VolumeCreated(name);
        return new VolumeHold(this, cell, wasMade: true);
    }

    private void MakeDirectory(string name)
    {
        // Readable by name for whoever may walk in; what is in the directory has its own permissions.
        Directory.CreateDirectory(_root, Owner);
        Directory.CreateDirectory(Path.Combine(_root, name), Walkable);
        Directory.CreateDirectory(DirectoryOf(name), Readable);
    }

    private void Limit(string name, long bytes)
    {
        if (!QuotaService.IsAvailable(DirectoryOf(name)))
        {
            throw VolumeErrors.InvalidOption(name, $"quota size requested but no quota support: {_root} must be on ext4 or xfs with enforced project quotas (mount option prjquota)");
        }

        quotas.Limit(QuotaOwner(name), bytes, DirectoryOf(name));
    }

    private static string QuotaOwner(string name) => QuotaPrefix + name;

    private bool TryRemoveUnused(string name)
    {
        try
        {
            Remove(name, force: false);
            return true;
        }
        catch (EngineException taken) when (taken.Kind is ErrorKind.Conflict or ErrorKind.NotFound)
        {
            return false; // taken into use, or gone, since it was looked at
        }
    }

    private void Remove(VolumeCell cell)
    {
        var name = cell.Record.Name;
        lock (cell.Gate)
        {
            lock (_gate)
            {
                if (!_volumes.TryGetValue(name, out var current) || current != cell)
                {
                    return; // another request has removed it
                }

                // A hold lasts until the record that uses the volume is there, so one of the two shows every use.
                if (cell.Holds > 0)
                {
                    throw VolumeErrors.BeingTaken(name);
                }

                if (Uses()[name].ToList() is { Count: > 0 } containers)
                {
                    throw VolumeErrors.InUse(name, containers);
                }

                cell.IsLeaving = true;
            }

            try
            {
                Unmount(cell);
                if (MountTable.Read().FirstOrDefault(mount => MountTable.IsAtOrBelow(mount.MountPoint, Path.Combine(_root, name))) is { } foreign)
                {
                    // Somebody's own mount: its files would be deleted with the volume's.
                    throw VolumeErrors.MountedBelow(name, foreign.MountPoint);
                }

                cell.Record = cell.Record with { Intent = VolumeIntent.Remove };
                store.Update(cell.Record);
                DiscardDirectory(name);
                quotas.Release(QuotaOwner(name), _root);
                store.Delete(name);
                lock (_gate)
                {
                    _volumes.Remove(name);
                }
            }
            catch
            {
                lock (_gate)
                {
                    cell.IsLeaving = false;
                }

                throw;
            }
        }

        events.Publish(EventType.Volume, "destroy", name, DriverAttribute());
        log.VolumeRemoved(name);
    }

    private void DiscardDirectory(string name) => trash.Discard(Path.Combine(_root, name));

    private VolumeCell Cell(string name)
    {
        lock (_gate)
        {
            return _volumes.TryGetValue(name, out var cell) && !cell.IsLeaving ? cell : throw VolumeErrors.NotFound(name);
        }
    }

    private static Dictionary<string, string> DriverAttribute() => new() { ["driver"] = VolumeRecord.Driver };
}

/// <summary>A volume that is to be there.</summary>
/// <param name="Name">Null: an anonymous one.</param>
internal sealed record VolumeRequest(
    string? Name, string? Driver = null, IReadOnlyDictionary<string, string>? Labels = null, IReadOnlyDictionary<string, string>? Options = null);

/// <summary>Keeps a volume from being removed until disposed.</summary>
internal sealed class VolumeHold(VolumeService volumes, VolumeCell cell, bool wasMade) : IDisposable
{
    private int _released;

    public VolumeRecord Volume => cell.Record;

    /// <summary>It was not there before.</summary>
    public bool WasMade => wasMade;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _released, 1) == 0)
        {
            volumes.Release(cell);
        }
    }
}
