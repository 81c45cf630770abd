using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images;

/// <summary>An image that is wholly in the store: its layers are unpacked and its blobs are kept as received.</summary>
internal sealed record ImageRecord
{
    /// <summary>Docker's image id: the digest of the config, with its algorithm: "sha256:…".</summary>
    public required string Id { get; init; }

    public required OciImage Config { get; init; }

    /// <summary>The config's bytes as received; their digest is <see cref="Id"/>.</summary>
    public required byte[] RawConfig { get; init; }

    /// <summary>The image's own manifest (never the index it was chosen from), a blob of the content store.</summary>
    public required Digest ManifestDigest { get; init; }

    public required string ManifestMediaType { get; init; }

    /// <summary>Bottom first.</summary>
    public required IReadOnlyList<ImageLayer> Layers { get; init; }

    /// <summary>When the content came into this store.</summary>
    public required DateTimeOffset StoredAt { get; init; }

    public DateTimeOffset? LastTaggedAt { get; init; }

    /// <summary>The image this one was built on, when it was built here.</summary>
    public string? ParentId { get; init; }

    /// <summary>Bytes of all files of all layers.</summary>
    public long SizeBytes => Layers.Sum(layer => layer.SizeBytes);

    public Platform Platform => Config.ToPlatform();

    public IEnumerable<string> ChainIds => Layers.Select(layer => layer.ChainId);

    /// <summary>The first twelve digits of the id.</summary>
    public string ShortId => Id[7..19];
}

/// <param name="ChainId">Names the unpacked layer: image-spec config.md, "Layer ChainID".</param>
/// <param name="DiffId">Digest of the uncompressed tar.</param>
/// <param name="SizeBytes">Of the unpacked files.</param>
/// <param name="Blob">The tar as it is kept in the content store.</param>
internal sealed record ImageLayer(string ChainId, string DiffId, long SizeBytes, Digest Blob, string BlobMediaType, long BlobSizeBytes);

/// <summary>A name that leads to an image: a tag or a digest of a repository.</summary>
internal sealed record ImageName(string ImageId, ImageReference Reference);

/// <summary>An image with all that leads to it.</summary>
internal sealed record NamedImage(ImageRecord Image, IReadOnlyList<ImageReference> Names)
{
    public IEnumerable<ImageReference> Tags => Names.Where(name => name.Tag is not null);

    public IEnumerable<ImageReference> Digests => Names.Where(name => name.Digest is not null);
}
