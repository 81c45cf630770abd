using System.Text.Json;
using Berth.Daemon.Events;
using Berth.Daemon.Hosting;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Registry;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Push;

/// <summary>Pushes images: layers and config, several at once and only those that the registry lacks, then the manifest, byte for byte as it is kept.</summary>
internal sealed class ImagePusher(RegistryClient registry, ImageService images, ImageStore store, ContentStore content, InForce<ImagesOptions> options, EventService events)
{
    /// <summary>Pushes one tag, or with none all tags of the repository.</summary>
    /// <exception cref="EngineException">NotFound: no such image. Unauthorized or Forbidden: the registry refuses. …</exception>
    public async Task PushAsync(ImageReference reference, Platform? platform, RegistryCredentials? credentials, ProgressSink progress, CancellationToken ct)
    {
        var tags = Tags(reference);
        progress.Status($"The push refers to repository [{reference.Name}]");
        foreach (var tag in tags)
        {
            var (image, hold) = images.ResolveAndHold(tag.ToString(), platform);
            using (hold)
            {
                try
                {
                    await PushOneAsync(image, tag, credentials, progress, ct);
                }
                catch (RegistryException refusal)
                {
                    throw refusal.Failure is RegistryFailure.Denied or RegistryFailure.NameUnknown
                        ? new EngineException(ErrorKind.Forbidden, refusal.Message, refusal)
                        : refusal.For(tag);
                }
            }
        }
    }

    private List<ImageReference> Tags(ImageReference reference)
    {
        if (reference.Digest is not null)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "cannot push a digest reference: push the tag that names the image");
        }

        var tags = store.Names().Select(name => name.Reference)
            .Where(name => name.Tag is not null && name.Name == reference.Name && (reference.Tag is null || reference.Tag == name.Tag)).ToList();
        return tags.Count > 0 ? tags : throw new EngineException(ErrorKind.NotFound, $"An image does not exist locally with the tag: {reference.FamiliarName}");
    }

    private async Task PushOneAsync(ImageRecord image, ImageReference tag, RegistryCredentials? credentials, ProgressSink progress, CancellationToken ct)
    {
        var sources = Sources(image, tag);
        var session = registry.OpenToPush(tag.Repository(), credentials, sources.Values.SelectMany(paths => paths).Distinct(StringComparer.Ordinal));
        foreach (var layer in image.Layers)
        {
            progress.Layer("Preparing", layer.Blob.Short);
        }

        using var places = new SemaphoreSlim(options.Value.ConcurrentUploads);
        await Task.WhenAll(image.Layers.DistinctBy(layer => layer.Blob).Select(async layer =>
        {
            await places.WaitAsync(ct);
            try
            {
                await PushLayerAsync(session, layer, sources.GetValueOrDefault(layer.Blob) ?? [], progress, ct);
            }
            finally
            {
                places.Release();
            }
        }));

        var config = Digest.Parse(image.Id);
        if (!await session.HasBlobAsync(config, ct))
        {
            await session.UploadBlobAsync(config, () => content.OpenRead(config), content.Size(config), _ => { }, ct);
        }

        var manifest = content.ReadSmall(image.ManifestDigest, ImageDocuments.ManifestLimit);
        var digest = await session.PutManifestAsync(tag.TagOrDigest, manifest, image.ManifestMediaType, ct);
        store.AddImage(image, [], [tag.Repository().WithDigest(digest)]);
        progress.Status($"{tag.Tag}: digest: {digest} size: {manifest.Length}");
        var result = new PushResult { Tag = tag.Tag!, Digest = digest.ToString(), Size = manifest.Length }; // a tag's reference has one
        progress.Write(new ProgressMessage { Aux = JsonSerializer.SerializeToElement(result, ApiJson.Wire.PushResult) });
        events.Publish(EventType.Image, "push", tag.ToFamiliarString(), ImageEvents.Attributes(image, tag.FamiliarName));
    }

    private async Task PushLayerAsync(RegistrySession session, ImageLayer layer, IReadOnlyList<string> sources, ProgressSink progress, CancellationToken ct)
    {
        var id = layer.Blob.Short;
        if (await session.HasBlobAsync(layer.Blob, ct))
        {
            progress.Layer("Layer already exists", id);
            return;
        }

        foreach (var source in sources)
        {
            if (await session.MountBlobAsync(layer.Blob, source, ct))
            {
                progress.Layer($"Mounted from {source}", id);
                return;
            }
        }

        var shown = 0L;
        await session.UploadBlobAsync(layer.Blob, () => content.OpenRead(layer.Blob), layer.BlobSizeBytes, sent =>
        {
            // A line for each percent is enough.
            if (sent - shown >= layer.BlobSizeBytes / 100 || sent < shown)
            {
                shown = sent;
                progress.Layer("Pushing", id, sent, layer.BlobSizeBytes);
            }
        }, ct);
        progress.Layer("Pushed", id);
    }

    /// <summary>Repositories of the same registry that a layer's blob is known to be in, since an image there has it.</summary>
    private Dictionary<Digest, IReadOnlyList<string>> Sources(ImageRecord image, ImageReference target)
    {
        var known = store.Names()
            .Where(name => name.Reference.Digest is not null && name.Reference.Domain == target.Domain && name.Reference.Name != target.Name)
            .Select(name => (name.Reference.Path, Image: store.Find(name.ImageId)))
            .ToList();
        return image.Layers.DistinctBy(layer => layer.Blob).ToDictionary(
            layer => layer.Blob,
            layer => (IReadOnlyList<string>)[.. known.Where(other => other.Image?.Layers.Any(theirs => theirs.Blob == layer.Blob) == true).Select(other => other.Path).Distinct(StringComparer.Ordinal)]);
    }
}
