using System.Globalization;
using System.Text.Json;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Archives;

/// <summary>Puts a new layer and configuration upon an image, and stores the result as an image of its own.</summary>
internal sealed class ImageCommitter(ContentStore content, ArchiveLayers layers, SnapshotService snapshots, ImageStore store, ContentHolds holds, TimeProvider clock)
{
    /// <returns>The new image's id.</returns>
    public async Task<string> CommitAsync(NewImage wanted, CancellationToken ct)
    {
        using var held = new HoldSet(holds);
        IReadOnlyList<ImageLayer> all = wanted.Base.Layers;
        if (wanted.Layer is { } file)
        {
            var layer = await layers.AddAsync(file, expected: null, asItIs: false, below: [.. wanted.Base.ChainIds.Reverse()], held, ct);
            all = [.. all, layer];
        }

        var record = Record(wanted, all, held);
        snapshots.Sync();
        store.AddImage(
            record, [.. all.Select(layer => layer.Blob), Digest.Parse(record.Id), record.ManifestDigest], wanted.Name is null ? [] : [wanted.Name]);
        return record.Id;
    }

    private ImageRecord Record(NewImage wanted, IReadOnlyList<ImageLayer> all, HoldSet held)
    {
        var now = clock.GetUtcNow();
        var created = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", CultureInfo.InvariantCulture);
        var below = wanted.Base.Config;
        var image = new OciImage
        {
            Created = created,
            Author = NullIfEmpty(wanted.Author),
            Architecture = below.Architecture,
            Variant = below.Variant,
            Os = below.Os,
            OsVersion = below.OsVersion,
            OsFeatures = below.OsFeatures,
            Config = wanted.Config,
            Comment = NullIfEmpty(wanted.Comment),
            Rootfs = new OciRootfs { Type = "layers", DiffIds = [.. all.Select(layer => layer.DiffId)] },
            History =
            [
                .. below.History ?? [],
                new OciHistory
                {
                    Created = created,
                    CreatedBy = NullIfEmpty(wanted.CreatedBy),
                    Author = NullIfEmpty(wanted.Author),
                    Comment = NullIfEmpty(wanted.Comment),
                    EmptyLayer = wanted.Layer is null ? true : null,
                },
            ],
        };
        var raw = JsonSerializer.SerializeToUtf8Bytes(image, ImageSpecJson.Default.OciImage);
        var digest = Digest.OfSha256(raw);
        held.Add(digest.ToString());
        content.Put(digest, raw);
        var (manifest, mediaType) = content.PutManifest(digest, raw.Length, all, held);
        return new ImageRecord
        {
            Id = digest.ToString(),
            Config = image,
            RawConfig = raw,
            ManifestDigest = manifest,
            ManifestMediaType = mediaType,
            Layers = all,
            StoredAt = now,
            ParentId = wanted.Base.Id,
        };
    }

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
