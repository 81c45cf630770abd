using Berth.Daemon.Events;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Registry;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Pull;

/// <summary>Pulls images: manifest, config, layers, then the record, in that order and the record last.</summary>
internal sealed class ImagePuller(
    RegistryClient registry, ContentStore content, LayerJobs jobs, SnapshotService snapshots, ImageStore store, ContentHolds holds,
    EventService events, TimeProvider clock, ILogger<ImagePuller> log)
{
    private const int IndexDepth = 3;

    /// <summary>Pulls one image, or with neither tag nor digest all that the repository has tags for.</summary>
    /// <param name="platform">Null: whatever this machine runs best.</param>
    /// <exception cref="EngineException">NotFound: no such image, or none for the platform. InvalidArgument: what the registry has is not an image. …</exception>
    public async Task PullAsync(ImageReference reference, Platform? platform, RegistryCredentials? credentials, ProgressSink progress, CancellationToken ct)
    {
        var session = registry.Open(reference.Repository(), credentials);
        try
        {
            if (reference.Tag is not null || reference.Digest is not null)
            {
                await PullOneAsync(session, reference, platform, progress, ct);
                return;
            }

            foreach (var tag in await session.ListTagsAsync(ct))
            {
                await PullOneAsync(session, reference.WithTag(tag), platform, progress, ct);
            }
        }
        catch (RegistryException refusal)
        {
            throw refusal.For(reference);
        }
    }

    private async Task PullOneAsync(RegistrySession session, ImageReference reference, Platform? platform, ProgressSink progress, CancellationToken ct)
    {
        var top = await session.GetManifestAsync(reference.Digest?.ToString() ?? reference.TagOrDigest, ct);
        progress.Status($"Pulling from {reference.Path}", reference.Digest?.ToString() ?? reference.TagOrDigest);

        using var held = new HoldSet(holds);
        var image = await ResolveAsync(session, top, platform, reference, held, ct);
        var names = new List<ImageReference> { reference.Repository().WithDigest(top.Digest) };
        if (reference.Digest is null && reference.Tag is { } tag)
        {
            names.Add(reference.Repository().WithTag(tag));
        }

        var before = reference.Digest is null ? store.FindByTag(reference.Name, reference.Tag!) : store.FindByDigest(reference.Name, top.Digest).FirstOrDefault(id => id == image.Id);
        var fetched = 0;
        var record = store.Find(image.Id);
        if (record is null)
        {
            fetched = await EnsureLayersAsync(image, held, progress, ct);
            snapshots.Sync(); // the record must not outlive what it tells of
            record = image.ToRecord(store, clock.GetUtcNow());
        }

        store.AddImage(record, image.Blobs, names);
        progress.Status($"Digest: {top.Digest}");
        progress.Status(before == image.Id
            ? $"Status: Image is up to date for {reference.ToFamiliarString()}"
            : $"Status: Downloaded newer image for {reference.ToFamiliarString()}");
        log.Pulled(reference.ToFamiliarString(), image.Id, image.Plans.Count, fetched);
        events.Publish(EventType.Image, "pull", reference.ToFamiliarString(), ImageEvents.Attributes(record, reference.FamiliarName));
    }

    /// <summary>Follows the index to the platform's manifest and reads its config; all documents are kept as they came.</summary>
    private async Task<PlannedImage> ResolveAsync(
        RegistrySession session, RegistryManifest top, Platform? platform, ImageReference reference, HoldSet held, CancellationToken ct)
    {
        var blobs = new List<Digest>();
        var (current, wanted) = (top, platform ?? Platform.Host);
        for (var depth = 0; ; depth++)
        {
            Keep(current.Digest, current.Content);
            var type = ImageDocuments.MediaTypeOf(current.Content, current.MediaType);
            if (!MediaTypes.IsIndex(type))
            {
                return await PlanAsync(session, current, type, blobs, platform, reference, held, ct);
            }

            var index = ImageDocuments.ParseIndex(current.Content);
            var chosen = depth < IndexDepth ? ImageDocuments.Choose(index, wanted) : throw ImageErrors.Malformed("the index", "it is nested too deep");
            if (chosen is null)
            {
                throw ImageErrors.NoMatchingManifest(wanted);
            }

            current = await session.GetManifestAsync(ImageDocuments.DigestOf(chosen).ToString(), ct);
            if (chosen.Size != current.Content.Length)
            {
                throw ImageErrors.Malformed("the index", $"it tells of a manifest of {chosen.Size} bytes that has {current.Content.Length}");
            }
        }

        void Keep(Digest digest, byte[] document)
        {
            held.Add(digest.ToString());
            content.Put(digest, document);
            blobs.Add(digest);
        }
    }

    private async Task<PlannedImage> PlanAsync(
        RegistrySession session, RegistryManifest manifest, string mediaType, List<Digest> blobs, Platform? platform, ImageReference reference, HoldSet held, CancellationToken ct)
    {
        var document = ImageDocuments.ParseManifest(manifest.Content);
        var configDigest = ImageDocuments.DigestOf(document.Config!); // checked by ParseManifest
        held.Add(configDigest.ToString());
        var rawConfig = await FetchConfigAsync(session, configDigest, document.Config!.Size, ct);
        blobs.Add(configDigest);
        var (config, diffIds) = ImageDocuments.ParseConfig(rawConfig, document.Layers!.Length);
        if (platform is not null && platform.Distance(config.ToPlatform()) is null)
        {
            throw ImageErrors.WrongPlatform(reference.ToFamiliarString(), platform, config.ToPlatform());
        }

        var chain = LayerPlan.ChainIds(diffIds);
        var plans = new List<LayerPlan>();
        for (var i = 0; i < diffIds.Length; i++)
        {
            var layer = document.Layers[i];
            var digest = ImageDocuments.DigestOf(layer);
            blobs.Add(digest);
            plans.Add(new LayerPlan(
                chain[i], diffIds[i], [.. chain.Take(i).Reverse()], digest, layer.MediaType ?? MediaTypes.OciLayerGzip, layer.Size,
                (offset, token) => session.OpenBlobAsync(digest, offset, token)));
        }

        return new PlannedImage(configDigest.ToString(), rawConfig, config, manifest.Digest, mediaType, plans, blobs);
    }

    private async Task<byte[]> FetchConfigAsync(RegistrySession session, Digest digest, long size, CancellationToken ct)
    {
        if (size > ImageDocuments.ConfigLimit)
        {
            throw ImageErrors.TooLarge("the image's config", ImageDocuments.ConfigLimit);
        }

        if (content.Has(digest))
        {
            return content.ReadSmall(digest, ImageDocuments.ConfigLimit);
        }

        using var blob = await session.OpenBlobAsync(digest, 0, ct);
        var config = new byte[size + 1];
        var length = await blob.Content.ReadAtLeastAsync(config, config.Length, throwOnEndOfStream: false, ct);
        config = config[..length];
        if (length != size || !digest.Matches(config))
        {
            throw ImageErrors.DigestMismatch("the image's config", digest.ToString(), Digest.OfSha256(config).ToString());
        }

        content.Put(digest, config);
        return config;
    }

    /// <returns>How many layers were not here yet.</returns>
    private async Task<int> EnsureLayersAsync(PlannedImage image, HoldSet held, ProgressSink progress, CancellationToken ct)
    {
        var leases = new List<LayerJobs.Lease>();
        try
        {
            var parent = Task.CompletedTask;
            foreach (var plan in image.Plans)
            {
                var id = plan.Blob.Short;
                lock (holds.Gate)
                {
                    held.Add(plan.ChainId);
                    held.Add(plan.Blob.ToString());
                    if (store.LayerExists(plan.ChainId) && content.Has(plan.Blob))
                    {
                        progress.Layer("Already exists", id);
                        parent = Task.CompletedTask;
                        continue;
                    }
                }

                progress.Layer("Pulling fs layer", id);
                var lease = jobs.Join(plan, parent, step => Show(step, id, progress));
                leases.Add(lease);
                parent = lease.Completion;
            }

            await WaitAllAsync(leases, ct);
            return leases.Count;
        }
        finally
        {
            leases.ForEach(lease => lease.Dispose());
        }
    }

    /// <summary>Waits for all, but no longer than until the first failure: the others would only go on in vain.</summary>
    private static async Task WaitAllAsync(List<LayerJobs.Lease> leases, CancellationToken ct)
    {
        await foreach (var done in Task.WhenEach(leases.Select(lease => lease.Completion)).WithCancellation(ct))
        {
            await done;
        }
    }

    private static void Show(LayerProgress step, string id, ProgressSink progress)
    {
        switch (step.Phase)
        {
            case LayerPhase.Waiting:
                progress.Layer("Waiting", id);
                break;
            case LayerPhase.Downloading:
                progress.Layer("Downloading", id, step.Current, step.Total);
                break;
            case LayerPhase.Verifying:
                progress.Layer("Verifying Checksum", id);
                break;
            case LayerPhase.Downloaded:
                progress.Layer("Download complete", id);
                break;
            case LayerPhase.Extracting:
                progress.Layer("Extracting", id, step.Current, step.Total);
                break;
            case LayerPhase.Complete:
                progress.Layer("Pull complete", id);
                break;
        }
    }
}
