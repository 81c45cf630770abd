using System.Collections.Concurrent;
using System.Text;
using Berth.Daemon.Containers;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Volumes;

internal sealed partial class VolumeService
{
    private readonly ConcurrentDictionary<string, Lazy<long>> _counting = new(StringComparer.Ordinal);

    /// <summary>Takes over what is on disk: finishes removals, undoes half copies, adopts directories that an earlier version or a restored backup has left.</summary>
    public void Restore()
    {
        Directory.CreateDirectory(_root, Owner);
        var mounted = MountTable.Read().Select(mount => mount.MountPoint).ToHashSet(StringComparer.Ordinal);
        foreach (var volume in store.All())
        {
            try
            {
                Restore(volume, mounted);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or EngineException)
            {
                log.NotRecovered(volume.Name, error); // one volume's trouble must not keep the daemon from the others
            }
        }

        quotas.Restore(QuotaPrefix, _volumes.Keys.Select(QuotaOwner).ToHashSet(StringComparer.Ordinal), _root);
        foreach (var directory in Directory.EnumerateDirectories(_root))
        {
            var name = Path.GetFileName(directory);
            if (!_volumes.ContainsKey(name) && char.IsAsciiLetterOrDigit(name[0]) && Directory.Exists(DirectoryOf(name)))
            {
                Adopt(name);
            }
        }
    }

    /// <summary>The containers that run by now are all that may have volumes mounted.</summary>
    /// <param name="running">Volume and container, of every container that was found running.</param>
    public void RestoreMounts(IEnumerable<VolumeUse> running)
    {
        var runningUses = running.ToLookup(use => use.Volume, use => use.ContainerId, StringComparer.Ordinal);
        foreach (var cell in _volumes.Values.ToArray())
        {
            lock (cell.Gate)
            {
                cell.Users.UnionWith(runningUses[cell.Record.Name]);
                if (cell is { IsMounted: true, Users.Count: 0 })
                {
                    log.LeftMounted(cell.Record.Name);
                    Unmount(cell);
                }
            }
        }
    }

    /// <summary>Makes the volume's content available to a container that is about to start.</summary>
    /// <returns>Its directory.</returns>
    /// <exception cref="EngineException">NotFound. InvalidArgument: its file system can't be mounted.</exception>
    public string Use(string name, string containerId)
    {
        var cell = Cell(name);
        lock (cell.Gate)
        {
            if (cell is { Options.FileSystem: { } fileSystem, IsMounted: false })
            {
                fileSystem.MountOn(DirectoryOf(name));
                cell.IsMounted = true;
            }

            cell.Users.Add(containerId);
            return DirectoryOf(name);
        }
    }

    /// <summary>The container runs no more; after the last one the volume's file system is unmounted. Does no harm twice.</summary>
    /// <returns>Whether it had the volume.</returns>
    public bool Leave(string name, string containerId)
    {
        VolumeCell? cell;
        lock (_gate)
        {
            if (!_volumes.TryGetValue(name, out cell))
            {
                return false;
            }
        }

        lock (cell.Gate)
        {
            if (!cell.Users.Remove(containerId))
            {
                return false;
            }

            if (cell.Users.Count == 0)
            {
                Unmount(cell);
            }

            return true;
        }
    }

    /// <summary>What is in it is only to be seen while it is mounted, so that is when it gets its first content; any other volume has it from the start.</summary>
    public bool IsFilledWhenMounted(string name) => Cell(name).Options.FileSystem is not null;

    /// <summary>Gives an empty volume what the image has at the place where it is mounted.</summary>
    /// <param name="root">The image's files.</param>
    /// <param name="target">The mount's path in the container.</param>
    public void Fill(string name, SafeFileHandle root, string target)
    {
        var cell = Cell(name);
        lock (cell.Gate)
        {
            using var volume = FilesAt.Open(DirectoryOf(name), OpenFlags.ReadOnly | OpenFlags.Directory);
            if (TreeFiles.ReadDirectory(volume).Count > 0)
            {
                return;
            }

            using var source = TreeFiles.TryOpenDirectoryInRoot(root, Encoding.UTF8.GetBytes(target), out var errno);
            if (source is null)
            {
                if (errno is Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP)
                {
                    return; // the image has nothing there
                }

                throw new ErrnoException(errno, "open", target);
            }

            if (cell.Options.FileSystem is not null)
            {
                TreeCopy.Copy(source, volume); // who else may write to it we can't know, so nothing is ever taken back
                return;
            }

            Intend(cell, VolumeIntent.Fill);
            try
            {
                TreeCopy.Copy(source, volume);
            }
            catch
            {
                Empty(DirectoryOf(name));
                Intend(cell, null);
                throw;
            }

            Intend(cell, null);
        }
    }

    /// <summary>Bytes in the volume; null when it is a file system of its own, which may be far away and large.</summary>
    public long? SizeOf(VolumeRecord volume)
    {
        var options = Cell(volume.Name).Options;
        if (options.FileSystem is not null)
        {
            return null;
        }

        if (options.SizeBytes is not null && quotas.UsedBy(QuotaOwner(volume.Name), DirectoryOf(volume.Name)) is { } used)
        {
            return used; // the kernel counts along
        }

        // Who asks while it is being counted shares the answer: a walk over many files is not begun twice.
        var counting = _counting.GetOrAdd(volume.Name, name => new Lazy<long>(() => TreeSize.Of(DirectoryOf(name))));
        try
        {
            return counting.Value;
        }
        finally
        {
            _counting.TryRemove(KeyValuePair.Create(volume.Name, counting));
        }
    }

    private void Restore(VolumeRecord volume, HashSet<string> mounted)
    {
        var isMounted = mounted.Contains(DirectoryOf(volume.Name));
        var cell = new VolumeCell(volume, LocalVolumeOptions.Parse(volume.Name, volume.Options)) { IsMounted = isMounted };
        switch (volume.Intent)
        {
            case VolumeIntent.Remove:
                Unmount(cell);
                DiscardDirectory(volume.Name);
                store.Delete(volume.Name);
                log.VolumeRemoved(volume.Name);
                return;
            case VolumeIntent.Fill:
                Empty(DirectoryOf(volume.Name));
                Intend(cell, null);
                log.FillingUndone(volume.Name);
                break;
        }

        if (!isMounted)
        {
            MakeDirectory(volume.Name);
        }

        _volumes.Add(volume.Name, cell);
    }

    private void Adopt(string name)
    {
        var volume = new VolumeRecord
        {
            Name = name,
            CreatedAt = Directory.GetCreationTimeUtc(DirectoryOf(name)),
            Labels = VolumeName.IsMadeUp(name) ? new Dictionary<string, string> { [VolumeRecord.AnonymousLabel] = "" } : null,
        };
        store.Insert(volume);
        _volumes.Add(name, new VolumeCell(volume, LocalVolumeOptions.Parse(name, options: null)));
        log.VolumeAdopted(name);
    }

    // Detached: it is gone from here at once, and ends when the last process that still has a file open lets go.
    private void Unmount(VolumeCell cell)
    {
        if (!cell.IsMounted)
        {
            return;
        }

        try
        {
            Mounts.Unmount(DirectoryOf(cell.Record.Name));
            cell.IsMounted = false;
        }
        catch (ErrnoException gone) when (gone.Errno is Errno.EINVAL or Errno.ENOENT)
        {
            cell.IsMounted = false; // somebody else has unmounted it
        }
        catch (ErrnoException error)
        {
            log.NotUnmounted(cell.Record.Name, error);
        }
    }

    private void Intend(VolumeCell cell, string? intent)
    {
        var next = cell.Record with { Intent = intent };
        store.Update(next);
        cell.Record = next;
    }

    private static void Empty(string path)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        using var directory = FilesAt.Open(path, OpenFlags.ReadOnly | OpenFlags.Directory);
        foreach (var entry in TreeFiles.ReadDirectory(directory))
        {
            TreeFiles.RemoveTree(directory, entry.Name);
        }
    }
}
