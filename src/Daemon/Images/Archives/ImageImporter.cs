using System.Text.Json;
using Berth.Daemon.Events;
using Berth.Daemon.Images.Content;
using Berth.Daemon.Images.Pull;
using Berth.Daemon.Images.Snapshots;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Archives;

/// <summary>Makes an image of one layer from an archive of a file tree.</summary>
internal sealed class ImageImporter(
    ContentStore content, ArchiveLayers layers, SnapshotService snapshots, ImageStore store, ContentHolds holds, EventService events, TimeProvider clock)
{
    /// <param name="body">Read synchronously, on a thread of its own.</param>
    /// <param name="name">What to call it; null for no name.</param>
    /// <param name="changes">Dockerfile instructions to apply to the empty config.</param>
    /// <exception cref="EngineException">InvalidArgument: the archive, or an instruction.</exception>
    public async Task ImportAsync(Stream body, ImageReference? name, string? message, IReadOnlyList<string> changes, Platform? platform, ProgressSink progress, CancellationToken ct)
    {
        var config = ConfigChanges.Apply(new OciImageConfig(), changes); // before the body: it may be long
        var file = await Task.Factory.StartNew(() => Spool(body, ct), ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            using var held = new HoldSet(holds);
            var layer = await layers.AddAsync(file, expected: null, asItIs: false, below: [], held, ct);
            var record = Record(layer, config, message, (platform ?? Platform.Host).Normalize(), held);
            snapshots.Sync();
            store.AddImage(record, [layer.Blob, Digest.Parse(record.Id), record.ManifestDigest], name is null ? [] : [name]);
            progress.Status(record.Id);
            events.Publish(EventType.Image, "import", record.Id, ImageEvents.Attributes(record, name?.ToFamiliarString() ?? record.Id));
        }
        finally
        {
            file.Delete();
        }
    }

    private SpooledFile Spool(Stream body, CancellationToken ct)
    {
        try
        {
            return SpooledFile.Write(body, content, ct);
        }
        catch (Exception error) when (SpooledArchive.Translate(error) is { } translated)
        {
            throw translated;
        }
    }

    private ImageRecord Record(ImageLayer layer, OciImageConfig config, string? message, Platform platform, HoldSet held)
    {
        var now = clock.GetUtcNow();
        var created = now.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var comment = string.IsNullOrEmpty(message) ? "Imported from -" : message;
        var image = new OciImage
        {
            Created = created,
            Architecture = platform.Architecture,
            Variant = platform == Platform.Host ? null : platform.Variant,
            Os = platform.Os,
            Config = config,
            Comment = comment,
            Rootfs = new OciRootfs { Type = "layers", DiffIds = [layer.DiffId] },
            History = [new OciHistory { Created = created, Comment = comment }],
        };
        var raw = JsonSerializer.SerializeToUtf8Bytes(image, ImageSpecJson.Default.OciImage);
        var digest = Digest.OfSha256(raw);
        held.Add(digest.ToString());
        content.Put(digest, raw);
        var (manifest, mediaType) = content.PutManifest(digest, raw.Length, [layer], held);
        return new ImageRecord
        {
            Id = digest.ToString(),
            Config = image,
            RawConfig = raw,
            ManifestDigest = manifest,
            ManifestMediaType = mediaType,
            Layers = [layer],
            StoredAt = now,
        };
    }
}
