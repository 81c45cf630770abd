using System.Text.Json;
using Berth.Daemon.Events;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Archives;

/// <summary>Loads images from archives: what "docker save" writes, and OCI image layouts in a tar; packed or not.</summary>
internal sealed class ImageLoader(
    ContentStore content, ArchiveLayers layers, SnapshotService snapshots, ImageStore store, ContentHolds holds, EventService events, TimeProvider clock, ILogger<ImageLoader> log)
{
    private const string ImageNameAnnotation = "io.containerd.image.name";
    private const string ReferenceNameAnnotation = "org.opencontainers.image.ref.name";
    private const int IndexDepth = 3;

    /// <summary>Reads the archive whole before the first line of progress, so that one that is none gets a plain error.</summary>
    /// <param name="body">Read synchronously, on a thread of its own.</param>
    /// <param name="platform">Of an archive with several platforms, load this one; null: this machine's.</param>
    /// <exception cref="EngineException">InvalidArgument: not an image archive, or a damaged one. NotFound: not for the platform.</exception>
    public async Task LoadAsync(Stream body, Platform? platform, bool quiet, ProgressSink progress, CancellationToken ct)
    {
        using var archive = await Task.Factory.StartNew(() => SpooledArchive.Read(body, content, ct), ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var found = archive.Find("manifest.json") is { } list ? ReadDockerArchive(archive, list) : ReadLayout(archive, platform);
        foreach (var image in found)
        {
            await AddAsync(archive, image, platform, quiet, progress, ct);
        }
    }

    private async Task AddAsync(SpooledArchive archive, ArchivedImage found, Platform? platform, bool quiet, ProgressSink progress, CancellationToken ct)
    {
        var raw = found.Config.ReadSmall("the image's config", ImageDocuments.ConfigLimit);
        var (config, diffIds) = ImageDocuments.ParseConfig(raw, found.Layers.Count);
        if (platform is not null && platform.Distance(config.ToPlatform()) is null)
        {
            throw ImageErrors.WrongPlatform(found.Names is [var first, ..] ? first.ToFamiliarString() : found.Config.Digest.ToString(), platform, config.ToPlatform());
        }

        using var held = new HoldSet(holds);
        held.Add(found.Config.Digest.ToString());
        var added = new List<ImageLayer>();
        for (var i = 0; i < diffIds.Length; i++)
        {
            var file = found.Layers[i];
            if (!quiet)
            {
                progress.Layer("Loading layer", diffIds[i].Short, 0, file.Size);
            }

            added.Add(await layers.AddAsync(file, diffIds[i], asItIs: found.Manifest is not null, [.. added.Select(layer => layer.ChainId).Reverse()], held, ct));
            if (!quiet)
            {
                progress.Layer("Loading layer", diffIds[i].Short, file.Size, file.Size);
            }
        }

        var record = Record(found, raw, config, added, held);
        snapshots.Sync();
        foreach (var name in found.Names.Where(name => store.FindByTag(name.Name, name.Tag!) is { } old && old != record.Id)) // names of an archive have tags
        {
            progress.Text($"The image {name.ToFamiliarString()} already exists, renaming the old one with ID {store.FindByTag(name.Name, name.Tag!)} to empty string\n");
        }

        store.AddImage(record, [.. added.Select(layer => layer.Blob), Digest.Parse(record.Id), record.ManifestDigest], found.Names);
        var names = found.Names.Select(name => name.ToFamiliarString()).ToList();
        foreach (var name in names)
        {
            progress.Text($"Loaded image: {name}\n");
        }

        if (names.Count == 0)
        {
            progress.Text($"Loaded image ID: {record.Id}\n");
        }

        log.Loaded(record.Id, string.Join(", ", names));
        events.Publish(EventType.Image, "load", record.Id, ImageEvents.Attributes(record, names.Count > 0 ? names[0] : record.Id));
    }

    private ImageRecord Record(ArchivedImage found, byte[] rawConfig, OciImage config, List<ImageLayer> added, HoldSet held)
    {
        found.Config.Keep(content);
        Digest manifestDigest;
        string mediaType;
        if (found.Manifest is { } manifest)
        {
            held.Add(manifest.Digest.ToString());
            manifest.Keep(content);
            (manifestDigest, mediaType) = (manifest.Digest, found.ManifestMediaType);
        }
        else
        {
            (manifestDigest, mediaType) = content.PutManifest(found.Config.Digest, rawConfig.Length, added, held);
        }

        return new ImageRecord
        {
            Id = found.Config.Digest.ToString(),
            Config = config,
            RawConfig = rawConfig,
            ManifestDigest = manifestDigest,
            ManifestMediaType = mediaType,
            Layers = added,
            StoredAt = clock.GetUtcNow(),
        };
    }

    /// <summary>manifest.json lists images by the names of their members; an index beside it tells the manifests that they came with.</summary>
    private static List<ArchivedImage> ReadDockerArchive(SpooledArchive archive, SpooledFile list)
    {
        var manifests = archive.Find("index.json") is { } index ? ManifestsByConfig(archive, index) : [];
        return Parse(list, "manifest.json", ImageSpecJson.Default.DockerArchiveImageArray).Select(image =>
        {
            var config = archive.Get(image.Config ?? throw ImageErrors.Malformed("manifest.json", "an image has no config"));
            var names = (image.RepoTags ?? []).Select(ImageReference.Parse).Select(name => name.WithDefaultTag()).Where(name => name.Tag is not null).ToList();
            var files = (image.Layers ?? []).Select(archive.Get).ToList();
            var known = manifests.GetValueOrDefault(config.Digest);
            return known is not null && known.Layers.Select(file => file.Digest).SequenceEqual(files.Select(file => file.Digest))
                ? known with { Names = names }
                : new ArchivedImage(config, files, names, Manifest: null, MediaTypes.DockerManifest);
        }).ToList();
    }

    private static Dictionary<Digest, ArchivedImage> ManifestsByConfig(SpooledArchive archive, SpooledFile index)
    {
        var found = new Dictionary<Digest, ArchivedImage>();
        foreach (var entry in Parse(index, "index.json", ImageSpecJson.Default.OciIndex).Manifests ?? [])
        {
            if (MediaTypes.IsManifest(entry.MediaType) && archive.FindBlob(ImageDocuments.DigestOf(entry)) is { } manifest && ReadManifest(archive, manifest, entry, []) is { } image)
            {
                found[image.Config.Digest] = image;
            }
        }

        return found;
    }

    private static List<ArchivedImage> ReadLayout(SpooledArchive archive, Platform? platform)
    {
        if (archive.Find("index.json") is not { } index)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "the archive holds no image: neither manifest.json nor index.json is in it");
        }

        var images = new List<ArchivedImage>();
        var wanted = platform ?? Platform.Host;
        foreach (var entry in Parse(index, "index.json", ImageSpecJson.Default.OciIndex).Manifests ?? [])
        {
            var names = NamesOf(entry);
            var (descriptor, file) = FollowIndexes(archive, entry, wanted);
            var image = ReadManifest(archive, file, descriptor, names)
                ?? throw ImageErrors.Malformed("the archive", $"the manifest {descriptor.Digest} is incomplete");
            if (images.FirstOrDefault(known => known.Config.Digest == image.Config.Digest) is { } same)
            {
                images[images.IndexOf(same)] = same with { Names = [.. same.Names, .. names] };
                continue;
            }

            images.Add(image);
        }

        return images.Count > 0 ? images : throw new EngineException(ErrorKind.InvalidArgument, "the archive's index.json lists no image");
    }

    private static (OciDescriptor Descriptor, SpooledFile File) FollowIndexes(SpooledArchive archive, OciDescriptor entry, Platform wanted)
    {
        for (var depth = 0; ; depth++)
        {
            var digest = ImageDocuments.DigestOf(entry);
            var file = archive.FindBlob(digest) ?? throw ImageErrors.Malformed("the archive", $"it lacks the blob {digest}");
            RequireDigest(file, digest);
            var content = file.ReadSmall("a manifest", ImageDocuments.ManifestLimit);
            if (!MediaTypes.IsIndex(ImageDocuments.MediaTypeOf(content, entry.MediaType)))
            {
                return (entry, file);
            }

            entry = depth < IndexDepth
                ? ImageDocuments.Choose(ImageDocuments.ParseIndex(content), wanted) ?? throw ImageErrors.NoMatchingManifest(wanted)
                : throw ImageErrors.Malformed("the index", "it is nested too deep");
        }
    }

    /// <returns>Null when members that it names are missing.</returns>
    private static ArchivedImage? ReadManifest(SpooledArchive archive, SpooledFile file, OciDescriptor descriptor, IReadOnlyList<ImageReference> names)
    {
        RequireDigest(file, ImageDocuments.DigestOf(descriptor));
        var content = file.ReadSmall("a manifest", ImageDocuments.ManifestLimit);
        var type = ImageDocuments.MediaTypeOf(content, descriptor.MediaType);
        if (MediaTypes.IsIndex(type))
        {
            return null;
        }

        var manifest = ImageDocuments.ParseManifest(content);
        var blobs = manifest.Layers!.Prepend(manifest.Config!).Select(blob => (Digest: ImageDocuments.DigestOf(blob), File: archive.FindBlob(ImageDocuments.DigestOf(blob)))).ToList(); // both checked by ParseManifest
        if (blobs.Any(blob => blob.File is null))
        {
            return null;
        }

        blobs.ForEach(blob => RequireDigest(blob.File!, blob.Digest));
        return new ArchivedImage(blobs[0].File!, blobs.Skip(1).Select(blob => blob.File!).ToList(), names, file, type);
    }

    private static List<ImageReference> NamesOf(OciDescriptor entry)
    {
        var annotations = entry.Annotations ?? [];
        var text = annotations.GetValueOrDefault(ImageNameAnnotation);

        // The standard's annotation is often a bare tag, which names no repository; a whole name has one of these.
        var standard = annotations.GetValueOrDefault(ReferenceNameAnnotation);
        text ??= standard?.AsSpan().IndexOfAny("/:") >= 0 ? standard : null;
        return text is not null && ImageReference.TryParse(text, out var name) && name.Digest is null ? [name.WithDefaultTag()] : [];
    }

    private static void RequireDigest(SpooledFile file, Digest digest)
    {
        if (digest.Algorithm != Digest.Sha256)
        {
            throw ImageErrors.Malformed("the archive", $"blobs by {digest.Algorithm} are not supported in archives");
        }

        if (file.Digest != digest)
        {
            throw ImageErrors.DigestMismatch("a blob of the archive", digest.ToString(), file.Digest.ToString());
        }
    }

    private static T Parse<T>(SpooledFile file, string what, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(file.ReadSmall(what, ImageDocuments.ManifestLimit), type) ?? throw ImageErrors.Malformed(what, "it is null");
        }
        catch (JsonException error)
        {
            throw ImageErrors.Malformed(what, error.Message);
        }
    }
}

/// <param name="Manifest">The manifest it came with; null when the archive has none, and one is made.</param>
internal sealed record ArchivedImage(SpooledFile Config, IReadOnlyList<SpooledFile> Layers, IReadOnlyList<ImageReference> Names, SpooledFile? Manifest, string ManifestMediaType);
