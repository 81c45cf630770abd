using Berth.Daemon.Events;
using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Daemon.Images;

/// <summary>Images by their names: what is there, what it is called, what may go.</summary>
internal sealed partial class ImageService(ImageStore store, ContentHolds holds, EventService events, TimeProvider clock)
{
    /// <summary>Finds an image by tag, digest, id or the beginning of an id.</summary>
    /// <param name="platform">When given, the image must be for it.</param>
    /// <exception cref="EngineException">NotFound: no such image, or not for that platform. InvalidArgument: not a name, or an ambiguous prefix.</exception>
    public ImageRecord Resolve(string nameOrId, Platform? platform = null)
    {
        var image = Find(nameOrId, platform ?? Platform.Host) ?? throw ImageErrors.NotFound(Describe(nameOrId));
        return platform is null || platform.Distance(image.Platform) is not null
            ? image
            : throw ImageErrors.WrongPlatform(nameOrId, platform, image.Platform);
    }

    /// <summary>As <see cref="Resolve"/>, and keeps the image from being collected until the hold is disposed of: for who is about to record its use.</summary>
    public (ImageRecord Image, IDisposable Hold) ResolveAndHold(string nameOrId, Platform? platform = null)
    {
        lock (holds.Gate)
        {
            var image = Resolve(nameOrId, platform);
            return (image, holds.Take(image.Id));
        }
    }

    /// <summary>The image with this whole id ("sha256:…"), or null.</summary>
    public ImageRecord? FindById(string id) => store.Find(id);

    /// <summary>How many images are here, for /info.</summary>
    public int Count() => store.Count();

    /// <summary>All images, newest first, each with its names.</summary>
    public IReadOnlyList<NamedImage> List()
    {
        var names = store.Names().ToLookup(name => name.ImageId, name => name.Reference);
        return store.List()
            .Select(image => new NamedImage(image, [.. names[image.Id]]))
            .OrderByDescending(named => named.Image.Config.CreatedAt ?? DateTimeOffset.MinValue)
            .ToList();
    }

    public IReadOnlyList<ImageReference> NamesOf(ImageRecord image) => store.Names(image.Id).Select(name => name.Reference).ToList();

    /// <summary>Images that others were built on.</summary>
    public IReadOnlySet<string> ParentIds() => store.List().Select(image => image.ParentId).OfType<string>().ToHashSet(StringComparer.Ordinal);

    /// <summary>How many images stand on each layer.</summary>
    public IReadOnlyDictionary<string, int> LayerUses() => store.LayerUses();

    /// <summary>Gives an image another name.</summary>
    /// <exception cref="EngineException">NotFound: no such image. InvalidArgument: not a name to give.</exception>
    public void Tag(string nameOrId, string repository, string? tag)
    {
        var image = Resolve(nameOrId);
        var reference = ImageReference.Parse(repository);
        if (reference.Digest is not null)
        {
            throw ImageErrors.TagNeedsNoDigest();
        }

        reference = (string.IsNullOrEmpty(tag) ? reference : reference.WithTag(tag)).WithDefaultTag();
        store.Tag(image.Id, reference, clock.GetUtcNow());
        events.Publish(EventType.Image, "tag", image.Id, ImageEvents.Attributes(image, reference.ToFamiliarString()));
    }

    private ImageRecord? Find(string nameOrId, Platform preferred)
    {
        if (Digest.TryParse(nameOrId, out var id))
        {
            return store.Find(id.ToString()) ?? (store.FindByManifest(id) is { } owner ? store.Find(owner) : null);
        }

        if (nameOrId.Length == 64 && Digest.TryParse("sha256:" + nameOrId, out id))
        {
            return store.Find(id.ToString());
        }

        // A name that can't be a reference can still be the beginning of an id with its algorithm: "sha256:12ab".
        var prefix = nameOrId.StartsWith("sha256:", StringComparison.Ordinal) ? nameOrId["sha256:".Length..] : nameOrId;
        var found = ImageReference.TryParse(nameOrId, out var reference) ? FindByReference(reference.WithDefaultTag(), preferred) : null;
        if (found is not null)
        {
            return found;
        }

        if (IsHexPrefix(prefix))
        {
            var matches = store.FindByPrefix(prefix);
            return matches.Count switch
            {
                0 => null,
                1 => store.Find(matches[0]),
                _ => throw ImageErrors.AmbiguousPrefix(nameOrId),
            };
        }

        if (reference is null)
        {
            ImageReference.Parse(nameOrId); // throws, in words that say what is wrong with it
        }

        return null;
    }

    private ImageRecord? FindByReference(ImageReference reference, Platform preferred)
    {
        if (reference.Digest is not { } digest)
        {
            return reference.Tag is { } tag && store.FindByTag(reference.Name, tag) is { } id ? store.Find(id) : null;
        }

        return store.FindByDigest(reference.Name, digest)
            .Select(store.Find).OfType<ImageRecord>()
            .MinBy(image => preferred.Distance(image.Platform) ?? int.MaxValue);
    }

    private static bool IsHexPrefix(string text) => text.Length is > 0 and < 64 && text.All(c => c is (>= '0' and <= '9') or (>= 'a' and <= 'f'));

    private static string Describe(string nameOrId)
        => ImageReference.TryParse(nameOrId, out var reference) ? reference.WithDefaultTag().ToFamiliarString() : nameOrId;
}
