using System.Text;
using Berth.Daemon.Containers.Lifecycle;
using Berth.Daemon.Images.Archives;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Api;
using Berth.Shared.Archives;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Daemon.Containers.Archive;

/// <summary>
/// Files into and out of containers, running or at rest. All paths are followed by the kernel within the container's root, and everything else goes by
/// descriptors: a container that exchanges directories for links meanwhile changes its own files only.
/// </summary>
internal sealed class ArchiveService(
    ContainerIndex containers, ContainerViews views, ContainerUsers users, ContainerEvents events, ContentStore content)
{
    private const long EntryLimit = 10_000_000;

    /// <summary>What is at a path.</summary>
    /// <exception cref="EngineException">NotFound: the container, or the path in it.</exception>
    public PathStat Stat(string idOrName, ContainerPathName path)
    {
        var container = containers.Resolve(idOrName).Record;
        using var view = Open(container);
        using var found = Find(view, path, container);
        return Describe(view, path, found);
    }

    /// <summary>Opens what is at a path, to be written as an archive.</summary>
    /// <exception cref="EngineException">NotFound: the container, or the path in it.</exception>
    public OutgoingArchive OpenArchive(string idOrName, ContainerPathName path)
    {
        var container = containers.Resolve(idOrName).Record;
        var view = Open(container);
        try
        {
            var found = Find(view, path, container);
            var archive = new OutgoingArchive(view, found, path, Describe(view, path, found));
            events.Publish("archive-path", container);
            return archive;
        }
        catch
        {
            view.Dispose();
            throw;
        }
    }

    /// <summary>Unpacks an archive into a directory of a container.</summary>
    /// <param name="packed">Read synchronously, on a thread of its own.</param>
    /// <param name="keepsKinds">Directories and other files don't replace each other.</param>
    /// <param name="ownedByUser">Everything is to belong to the container's user and not to whom the archive says.</param>
    /// <exception cref="EngineException">NotFound: the container or the path. InvalidArgument: no directory, or not an archive. Forbidden: read-only.</exception>
    public async Task ExtractAsync(string idOrName, ContainerPathName path, Stream packed, bool keepsKinds, bool ownedByUser, CancellationToken ct)
    {
        var cell = containers.Resolve(idOrName);
        if (cell.Record.State.LivePid is { } pid)
        {
            using var view = views.OpenLive(cell.Record, pid);
            await RunAsync(() => Extract(view, cell.Record, path, packed, keepsKinds, ownedByUser, ct));
        }
        else
        {
            // The client sends as slowly as it likes; only what is here already may hold the container's turn.
            var spooled = await RunAsync(() => SpooledFile.Write(packed, content, ct));
            try
            {
                await ExtractAtRestAsync(cell, path, spooled, keepsKinds, ownedByUser, ct);
            }
            finally
            {
                spooled.Delete();
            }
        }

        events.Publish("extract-to-dir", cell.Record);
    }

    private async Task ExtractAtRestAsync(ContainerCell cell, ContainerPathName path, SpooledFile spooled, bool keepsKinds, bool ownedByUser, CancellationToken ct)
    {
        using var turn = await cell.EnterAsync(ct);
        using var view = turn.Record.State.LivePid is { } pid ? views.OpenLive(turn.Record, pid) : views.OpenToWrite(turn.Record);
        await using var archive = spooled.OpenRead();
        await RunAsync(() => Extract(view, turn.Record, path, archive, keepsKinds, ownedByUser, ct));
    }

    private bool Extract(ContainerView view, ContainerRecord container, ContainerPathName path, Stream packed, bool keepsKinds, bool ownedByUser, CancellationToken ct)
    {
        // What is written to must be a directory, wherever links lead to it.
        using var found = Find(view, path with { FollowsLast = true }, container, isTarget: true);
        var user = ownedByUser && container.Plan.Process.User.Length > 0 ? users.Resolve(container, views.LowerDirectories(container)) : null;
        var (root, within) = view.Locate(path.Text);
        TreeFiles.ClearUmaskOfThisThread();
        using var writable = FilesAt.OpenBeneath(root, ".", OpenFlags.ReadOnly | OpenFlags.Directory, OpenFlags.ResolveBeneath);
        using var extractor = new LayerExtractor(
            writable, EntryLimit, new ExtractInto(Encoding.UTF8.GetBytes(within.Trim('/')), keepsKinds, user is null ? null : (user.Uid, user.Gid)));
        try
        {
            var (unpacked, _) = Compression.Open(packed);
            using (unpacked)
            {
                var layer = extractor.Extract(new LayerTarReader(unpacked), ct);
                SetTimes(writable, layer);
            }

            return true;
        }
        catch (Exception error) when (error is TarFormatException or InvalidDataException or EndOfStreamException or ZstdSharp.ZstdException)
        {
            throw ArchiveErrors.Unreadable(error);
        }
        catch (ErrnoException error) when (error.Errno == Errno.EROFS)
        {
            throw ArchiveErrors.ReadOnly(path.Text, error);
        }
        catch (ErrnoException error) when (error.Errno is Errno.ENOSPC or Errno.EDQUOT)
        {
            throw ArchiveErrors.NoSpace(error);
        }
    }

    // Last of all, since making entries changes them; what the container took away meanwhile needs none.
    private static void SetTimes(SafeFileHandle root, UnpackedLayer layer)
    {
        foreach (var (directory, (accessed, modified)) in layer.DirectoryTimes)
        {
            using var handle = TreeFiles.TryOpenDirectoryInRoot(root, directory, out _);
            if (handle is not null)
            {
                TreeFiles.SetTimes(handle, [], accessed, modified);
            }
        }
    }

    private ContainerView Open(ContainerRecord container)
        => container.State.LivePid is { } pid && !views.ShowsOtherOwners(container) ? views.OpenLive(container, pid) : views.OpenToRead(container, withMounts: true);

    private static FoundPath Find(ContainerView view, ContainerPathName path, ContainerRecord container, bool isTarget = false)
    {
        var found = FoundPath.Find(view, path);
        if (found is null && isTarget)
        {
            using var other = FoundPath.Find(view, path with { FollowsLast = false });
            throw other is null || other.Status.Kind == FileKind.Symlink
                ? ArchiveErrors.NoSuchPath(path.Text, container.Name)
                : ArchiveErrors.NotADirectory(path.Text);
        }

        return found ?? throw ArchiveErrors.NoSuchPath(path.Text, container.Name);
    }

    private static PathStat Describe(ContainerView view, ContainerPathName path, FoundPath found) => new()
    {
        Name = path.Base,
        Size = found.Status.Size,
        Mode = GoFileMode.From(found.Status),
        Mtime = ContainerText.Time(DateTimeOffset.FromUnixTimeSeconds(found.Status.Modified.Seconds).AddTicks(found.Status.Modified.Nanoseconds / 100)),
        LinkTarget = FoundPath.LinkTarget(view, path, found),
    };

    private static Task<T> RunAsync<T>(Func<T> work)
        => Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
