using System.Collections.Concurrent;
using System.Text.Json;
using Berth.Daemon.Storage;
using Berth.Shared.Oci;
using Berth.Shared.References;
using Microsoft.Data.Sqlite;

namespace Berth.Daemon.Images;

/// <summary>The records of images, their names, layers and blobs in SQLite. What no image refers to is garbage, whatever the disk holds.</summary>
internal sealed class ImageStore(Database database)
{
    // Records never change but for the time of the last tag; parsing a config once per container start would show.
    private readonly ConcurrentDictionary<string, ImageRecord> _cache = new(StringComparer.Ordinal);

    public ImageRecord? Find(string id)
        => _cache.TryGetValue(id, out var cached) ? cached : database.Read(session =>
        {
            var image = Load(session, id);
            return image is null ? null : _cache.GetOrAdd(id, image);
        });

    public IReadOnlyList<ImageRecord> List()
        => database.Read(session => session.Query("SELECT id FROM images", row => row.GetString(0)))
            .ConvertAll(Find).OfType<ImageRecord>().ToList();

    public int Count() => (int)(database.Read(session => session.FindInteger("SELECT count(*) FROM images")) ?? 0);

    /// <summary>Ids that begin with the hexadecimal digits given; at most two, which is enough to know that there are several.</summary>
    public IReadOnlyList<string> FindByPrefix(string hexPrefix) => database.Read(session => session.Query(
        "SELECT id FROM images WHERE id >= ?1 AND id < ?2 ORDER BY id LIMIT 2",
        row => row.GetString(0), "sha256:" + hexPrefix, "sha256:" + hexPrefix + "g"));

    public string? FindByTag(string repository, string tag)
        => database.Read(session => session.FindText("SELECT image_id FROM image_tags WHERE repository = ?1 AND tag = ?2", repository, tag));

    /// <summary>Images that a digest of a repository leads to: several when it is an index's and more than one platform was pulled.</summary>
    public IReadOnlyList<string> FindByDigest(string repository, Digest digest) => database.Read(session => session.Query(
        "SELECT image_id FROM image_digests WHERE repository = ?1 AND digest = ?2", row => row.GetString(0), repository, digest.ToString()));

    /// <summary>The image made of this manifest, under whatever name it came.</summary>
    public string? FindByManifest(Digest manifest)
        => database.Read(session => session.FindText("SELECT id FROM images WHERE manifest_digest = ?1", manifest.ToString()));

    public IReadOnlyList<ImageName> Names(string? imageId = null) => database.Read(session => Names(session, imageId));

    public IReadOnlyList<string> ChildrenOf(string imageId)
        => database.Read(session => session.Query("SELECT id FROM images WHERE parent = ?1", row => row.GetString(0), imageId));

    public bool LayerExists(string chainId)
        => database.Read(session => session.FindInteger("SELECT 1 FROM layers WHERE chain_id = ?1", chainId)) is not null;

    public long? LayerSize(string chainId)
        => database.Read(session => session.FindInteger("SELECT size FROM layers WHERE chain_id = ?1", chainId));

    public IReadOnlyList<(string ChainId, long SizeBytes)> Layers()
        => database.Read(session => session.Query("SELECT chain_id, size FROM layers", row => (row.GetString(0), row.GetInt64(1))));

    /// <summary>How many images stand on each layer, and the layer's size.</summary>
    public IReadOnlyDictionary<string, int> LayerUses() => database.Read(session => session.Query(
        "SELECT chain_id, count(DISTINCT image_id) FROM image_layers GROUP BY chain_id", row => (row.GetString(0), row.GetInt32(1))))
        .ToDictionary(pair => pair.Item1, pair => pair.Item2, StringComparer.Ordinal);

    /// <summary>The blobs that some image refers to.</summary>
    public HashSet<string> ReferencedBlobs()
        => database.Read(session => session.Query("SELECT DISTINCT digest FROM image_blobs", row => row.GetString(0))).ToHashSet(StringComparer.Ordinal);

    public bool IsReferenced(Digest blob)
        => database.Read(session => session.FindInteger("SELECT 1 FROM image_blobs WHERE digest = ?1 LIMIT 1", blob.ToString())) is not null;

    /// <summary>A blob under which a layer with this diff id is kept already.</summary>
    public (Digest Blob, string MediaType, long SizeBytes)? FindLayerBlob(string diffId)
    {
        var found = database.Read(session => session.Find(
            "SELECT l.blob, l.blob_media_type, l.blob_size FROM image_layers l JOIN layers y ON y.chain_id = l.chain_id WHERE y.diff_id = ?1 LIMIT 1",
            row => Tuple.Create(row.GetString(0), row.GetString(1), row.GetInt64(2)), diffId));
        return found is null ? null : (Digest.Parse(found.Item1), found.Item2, found.Item3);
    }

    public void AddLayer(string chainId, string diffId, string? parent, long sizeBytes, DateTimeOffset at) => database.Write(session => session.Execute(
        "INSERT INTO layers (chain_id, diff_id, parent, size, stored_at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (chain_id) DO NOTHING",
        chainId, diffId, parent, sizeBytes, at.ToUnixTimeMilliseconds()));

    /// <summary>Records an image whose layers are all there, with its names, in one transaction.</summary>
    /// <param name="blobs">All blobs that belong to it: config, manifest, index, layers.</param>
    /// <param name="references">Tags and digests that lead to it from now on; a tag leaves the image it led to.</param>
    public void AddImage(ImageRecord image, IEnumerable<Digest> blobs, IEnumerable<ImageReference> references)
    {
        database.Write(session =>
        {
            var now = image.StoredAt.ToUnixTimeMilliseconds();
            session.Execute(
                """
                INSERT INTO images (id, config, manifest_digest, manifest_media_type, stored_at, used_at, parent) VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)
                ON CONFLICT (id) DO UPDATE SET used_at = excluded.used_at
                """,
                image.Id, image.RawConfig, image.ManifestDigest.ToString(), image.ManifestMediaType, now, image.ParentId);
            for (var ordinal = 0; ordinal < image.Layers.Count; ordinal++)
            {
                var layer = image.Layers[ordinal];
                session.Execute(
                    "INSERT INTO image_layers (image_id, ordinal, chain_id, blob, blob_media_type, blob_size) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
                    image.Id, ordinal, layer.ChainId, layer.Blob.ToString(), layer.BlobMediaType, layer.BlobSizeBytes);
            }

            foreach (var blob in blobs)
            {
                session.Execute("INSERT INTO image_blobs (image_id, digest) VALUES (?1, ?2) ON CONFLICT DO NOTHING", image.Id, blob.ToString());
            }

            foreach (var reference in references)
            {
                Name(session, image.Id, reference, now);
            }
        });
        _cache.TryRemove(image.Id, out _);
    }

    /// <returns>The image that the tag led to before, if any.</returns>
    public string? Tag(string imageId, ImageReference reference, DateTimeOffset at)
    {
        var before = database.Write(session =>
        {
            var old = session.FindText("SELECT image_id FROM image_tags WHERE repository = ?1 AND tag = ?2", reference.Name, reference.Tag);
            Name(session, imageId, reference, at.ToUnixTimeMilliseconds());
            return old;
        });
        _cache.TryRemove(imageId, out _);
        return before;
    }

    public bool RemoveName(ImageName name) => database.Write(session => name.Reference.Tag is { } tag
        ? session.Execute("DELETE FROM image_tags WHERE repository = ?1 AND tag = ?2 AND image_id = ?3", name.Reference.Name, tag, name.ImageId)
        : session.Execute("DELETE FROM image_digests WHERE repository = ?1 AND digest = ?2 AND image_id = ?3",
            name.Reference.Name, name.Reference.Digest?.ToString(), name.ImageId)) > 0;

    public void Touch(string imageId, DateTimeOffset at)
        => database.Write(session => session.Execute("UPDATE images SET used_at = ?2 WHERE id = ?1", imageId, at.ToUnixTimeMilliseconds()));

    /// <summary>Forgets an image with its names, and those of its layers that nothing else stands on.</summary>
    /// <param name="keepLayer">Tells of layers that are held for work under way.</param>
    /// <returns>The forgotten layers, top first, and the blobs that nothing refers to any more.</returns>
    public (IReadOnlyList<string> Layers, IReadOnlyList<Digest> Blobs) RemoveImage(ImageRecord image, Func<string, bool> keepLayer)
    {
        var removed = database.Write(session =>
        {
            var blobs = session.Query(
                """
                SELECT digest FROM image_blobs b WHERE image_id = ?1
                AND NOT EXISTS (SELECT 1 FROM image_blobs o WHERE o.digest = b.digest AND o.image_id <> ?1)
                """,
                row => Digest.Parse(row.GetString(0)), image.Id);
            session.Execute("DELETE FROM images WHERE id = ?1", image.Id);
            var layers = new List<string>();
            foreach (var chainId in image.ChainIds.Reverse().Where(chainId => !keepLayer(chainId)))
            {
                if (ForgetUnusedLayer(session, chainId))
                {
                    layers.Add(chainId);
                }
            }

            return (layers, blobs);
        });
        _cache.TryRemove(image.Id, out _);
        return removed;
    }

    /// <summary>Forgets layers no image stands on, such as those of a pull that never came to its end.</summary>
    public IReadOnlyList<string> RemoveUnusedLayers(DateTimeOffset storedBefore, Func<string, bool> keepLayer) => database.Write(session =>
    {
        var unused = session.Query(
            "SELECT chain_id FROM layers l WHERE stored_at < ?1 AND NOT EXISTS (SELECT 1 FROM image_layers i WHERE i.chain_id = l.chain_id)",
            row => row.GetString(0), storedBefore.ToUnixTimeMilliseconds());
        return unused.Where(chainId => !keepLayer(chainId) && ForgetUnusedLayer(session, chainId)).ToList();
    });

    private static bool ForgetUnusedLayer(DatabaseSession session, string chainId) => session.Execute(
        "DELETE FROM layers WHERE chain_id = ?1 AND NOT EXISTS (SELECT 1 FROM image_layers WHERE chain_id = ?1)", chainId) > 0;

    private static void Name(DatabaseSession session, string imageId, ImageReference reference, long at)
    {
        if (reference.Digest is { } digest)
        {
            session.Execute("INSERT INTO image_digests (repository, digest, image_id) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", reference.Name, digest.ToString(), imageId);
        }

        if (reference.Tag is { } tag)
        {
            session.Execute(
                "INSERT INTO image_tags (repository, tag, image_id) VALUES (?1, ?2, ?3) ON CONFLICT (repository, tag) DO UPDATE SET image_id = excluded.image_id",
                reference.Name, tag, imageId);
            session.Execute("UPDATE images SET tagged_at = ?2 WHERE id = ?1", imageId, at);
        }
    }

    private static List<ImageName> Names(DatabaseSession session, string? imageId)
    {
        var names = session.Query(
            "SELECT image_id, repository, tag FROM image_tags WHERE ?1 IS NULL OR image_id = ?1 ORDER BY repository, tag",
            row => new ImageName(row.GetString(0), ImageReference.Parse(row.GetString(1)).WithTag(row.GetString(2))), imageId);
        names.AddRange(session.Query(
            "SELECT image_id, repository, digest FROM image_digests WHERE ?1 IS NULL OR image_id = ?1 ORDER BY repository, digest",
            row => new ImageName(row.GetString(0), ImageReference.Parse(row.GetString(1)).WithDigest(Digest.Parse(row.GetString(2)))), imageId));
        return names;
    }

    private static ImageRecord? Load(DatabaseSession session, string id)
    {
        var layers = session.Query(
            """
            SELECT i.chain_id, l.diff_id, l.size, i.blob, i.blob_media_type, i.blob_size
            FROM image_layers i JOIN layers l ON l.chain_id = i.chain_id WHERE i.image_id = ?1 ORDER BY i.ordinal
            """,
            row => new ImageLayer(row.GetString(0), row.GetString(1), row.GetInt64(2), Digest.Parse(row.GetString(3)), row.GetString(4), row.GetInt64(5)), id);
        return session.Find(
            "SELECT config, manifest_digest, manifest_media_type, stored_at, tagged_at, parent FROM images WHERE id = ?1",
            row => Map(id, layers, row), id);
    }

    private static ImageRecord Map(string id, IReadOnlyList<ImageLayer> layers, SqliteDataReader row)
    {
        var config = row.GetFieldValue<byte[]>(0);
        return new ImageRecord
        {
            Id = id,
            Config = JsonSerializer.Deserialize(config, ImageSpecJson.Default.OciImage) ?? throw new InvalidOperationException($"image {id} has an empty config"),
            RawConfig = config,
            ManifestDigest = Digest.Parse(row.GetString(1)),
            ManifestMediaType = row.GetString(2),
            Layers = layers,
            StoredAt = DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(3)),
            LastTaggedAt = row.IsDBNull(4) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(4)),
            ParentId = row.IsDBNull(5) ? null : row.GetString(5),
        };
    }
}
