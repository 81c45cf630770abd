using Berth.Daemon.Events;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Daemon.Images;

/// <summary>Takes names from images, and images away: Docker's rules of what needs force and what no force moves.</summary>
/// <param name="users">Asked each time: the features that use images depend on images themselves.</param>
internal sealed class ImageRemoval(
    ImageService images, ImageStore store, ContentStore content, SnapshotService snapshots, ContentHolds holds, ImageCollector collector,
    Func<IEnumerable<IImageUsers>> users, EventService events, ILogger<ImageRemoval> log)
{
    /// <summary>Removes a name, or with the last one, or by id, the image.</summary>
    /// <param name="force">Even if stopped containers use it, or by id if it has several names.</param>
    /// <param name="pruneParents">Its untagged parents too, which nothing else uses.</param>
    /// <exception cref="EngineException">NotFound. Conflict: used, or needs force.</exception>
    public IReadOnlyList<ImageRemoved> Remove(string nameOrId, bool force, bool pruneParents)
    {
        var image = images.Resolve(nameOrId);
        var removed = new List<ImageRemoved>();
        var names = store.Names(image.Id);
        var lastNameWent = false;
        if (NamedBy(nameOrId, names) is { } named)
        {
            if (!force && IsSingle(names) && UsersOf(image).FirstOrDefault() is { } user)
            {
                throw ImageErrors.ReferenceNeeded(nameOrId, user.ContainerId, image.ShortId);
            }

            Untag(image, named, removed);
            names = store.Names(image.Id);
            if (named.Reference.Tag is not null && !names.Any(name => name.Reference.Tag is not null && name.Reference.Name == named.Reference.Name))
            {
                // Digests alone don't keep a repository's image: its last tag takes them along.
                foreach (var digest in names.Where(name => name.Reference.Name == named.Reference.Name))
                {
                    Untag(image, digest, removed);
                }

                names = store.Names(image.Id);
            }

            if (names.Count > 0)
            {
                return removed;
            }

            lastNameWent = true;
        }
        else if (IsSingle(names))
        {
            Check(image, names, force, checkNames: false);
            foreach (var name in names)
            {
                Untag(image, name, removed);
            }

            names = [];
        }

        Delete(image, names, force, pruneParents, quiet: lastNameWent, removed);
        return removed;
    }

    /// <summary>Removes every image that no container uses.</summary>
    /// <param name="danglingOnly">Only those without a tag.</param>
    /// <param name="wanted">Narrows the choice by labels and age.</param>
    /// <returns>What went, and the bytes of the layers that went with it.</returns>
    public (IReadOnlyList<ImageRemoved> Removed, long Bytes) Prune(bool danglingOnly, Func<ImageRecord, bool> wanted, CancellationToken ct)
    {
        var removed = new List<ImageRemoved>();
        var sizes = store.Layers().ToDictionary(layer => layer.ChainId, layer => layer.SizeBytes, StringComparer.Ordinal);
        foreach (var (image, names) in images.List().Select(named => (named.Image, named.Names)))
        {
            ct.ThrowIfCancellationRequested();
            if ((danglingOnly && names.Any(name => name.Tag is not null)) || !wanted(image) || UsersOf(image).Any() || store.Find(image.Id) is null)
            {
                continue;
            }

            PruneOne(image, removed);
        }

        var orphans = collector.CollectUnused();
        var bytes = removed.Select(item => item.Deleted).OfType<string>().Concat(orphans).Sum(id => sizes.GetValueOrDefault(id));
        return (removed, bytes);
    }

    private void PruneOne(ImageRecord image, List<ImageRemoved> removed)
    {
        try
        {
            var names = store.Names(image.Id);
            Check(image, names, force: false, checkNames: false);
            foreach (var name in names)
            {
                Untag(image, name, removed);
            }

            Delete(image, [], force: false, pruneParents: true, quiet: false, removed);
        }
        catch (EngineException error) when (error.Kind == ErrorKind.Conflict)
        {
            // Taken into use since it was looked at, or another image stands on it: it stays.
        }
    }

    private void Delete(ImageRecord image, IReadOnlyList<ImageName> names, bool force, bool pruneParents, bool quiet, List<ImageRemoved> removed)
    {
        try
        {
            Check(image, names, force, checkNames: true);
        }
        catch (EngineException error) when (error.Kind == ErrorKind.Conflict && quiet)
        {
            // The name went, as asked; the image itself is still needed, so it stays without one.
            return;
        }

        foreach (var name in names)
        {
            Untag(image, name, removed);
        }

        Collect(image, removed);
        if (pruneParents && image.ParentId is { } parentId && store.Find(parentId) is { } parent && store.Names(parentId).Count == 0)
        {
            Delete(parent, [], force: false, pruneParents: true, quiet: true, removed);
        }
    }

    /// <summary>The record first, in one transaction; then the layers' directories are renamed away, and deleted when nobody waits for it.</summary>
    private void Collect(ImageRecord image, List<ImageRemoved> removed)
    {
        int layerCount, blobCount;
        lock (holds.Gate)
        {
            if (holds.IsHeld(image.Id))
            {
                throw ImageErrors.BeingTaken(image.ShortId);
            }

            // Again, now that nobody can take it: a container may have been made since the first look.
            Check(image, [], force: true, checkNames: false);
            var (layers, blobs) = store.RemoveImage(image, holds.IsHeld);
            foreach (var chainId in layers)
            {
                snapshots.Discard(chainId);
            }

            foreach (var blob in blobs.Where(blob => !holds.IsHeld(blob.ToString())))
            {
                content.Delete(blob);
            }

            removed.Add(new ImageRemoved(Untagged: null, Deleted: image.Id));
            removed.AddRange(layers.Select(chainId => new ImageRemoved(Untagged: null, Deleted: chainId)));
            (layerCount, blobCount) = (layers.Count, blobs.Count);
        }

        collector.EmptyTrashSoon();
        log.Removed(image.Id, layerCount, blobCount);
        events.Publish(EventType.Image, "delete", image.Id, ImageEvents.Attributes(image, image.Id));
    }

    private void Untag(ImageRecord image, ImageName name, List<ImageRemoved> removed)
    {
        if (store.RemoveName(name))
        {
            removed.Add(new ImageRemoved(Untagged: name.Reference.ToFamiliarString(), Deleted: null));
            events.Publish(EventType.Image, "untag", image.Id, ImageEvents.Attributes(image, name.Reference.ToFamiliarString()));
        }
    }

    private void Check(ImageRecord image, IReadOnlyList<ImageName> names, bool force, bool checkNames)
    {
        if (store.ChildrenOf(image.Id).Count > 0)
        {
            throw ImageErrors.HasChildren(image.ShortId);
        }

        var uses = UsersOf(image).ToList();
        if (uses.FirstOrDefault(use => use.Running) is { } running)
        {
            throw ImageErrors.InUseByRunning(image.ShortId, running.ContainerId);
        }

        if (force)
        {
            return;
        }

        if (checkNames && names.Count > 0)
        {
            throw ImageErrors.SeveralRepositories(image.ShortId);
        }

        if (uses.FirstOrDefault() is { } stopped)
        {
            throw ImageErrors.InUseByStopped(image.ShortId, stopped.ContainerId);
        }
    }

    private IEnumerable<ImageUse> UsersOf(ImageRecord image) => users().SelectMany(user => user.UsersOf(image.Id));

    /// <summary>The name that was meant; null when the image was named by its id.</summary>
    private static ImageName? NamedBy(string nameOrId, IReadOnlyList<ImageName> names)
    {
        if (!ImageReference.TryParse(nameOrId, out var reference))
        {
            return null;
        }

        reference = reference.WithDefaultTag();
        return names.FirstOrDefault(name => name.Reference.Name == reference.Name
            && (reference.Digest is { } digest ? name.Reference.Digest == digest : name.Reference.Tag == reference.Tag));
    }

    /// <summary>At most one tag, and all names in one repository.</summary>
    private static bool IsSingle(IReadOnlyList<ImageName> names)
        => names.Select(name => name.Reference.Name).Distinct(StringComparer.Ordinal).Count() <= 1 && names.Count(name => name.Reference.Tag is not null) <= 1;
}

/// <summary>One line of what a removal did: a name taken away, or an image or layer deleted.</summary>
internal sealed record ImageRemoved(string? Untagged, string? Deleted);
