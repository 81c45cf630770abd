using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Pull;

/// <summary>An image as its documents describe it, before its layers are here.</summary>
/// <param name="Blobs">All that belong to it: index, manifest, config, layers.</param>
internal sealed record PlannedImage(
    string Id, byte[] RawConfig, OciImage Config, Digest ManifestDigest, string ManifestMediaType, IReadOnlyList<LayerPlan> Plans, IReadOnlyList<Digest> Blobs)
{
    /// <summary>The record, once the store knows all layers.</summary>
    public ImageRecord ToRecord(ImageStore store, DateTimeOffset at) => new()
    {
        Id = Id,
        Config = Config,
        RawConfig = RawConfig,
        ManifestDigest = ManifestDigest,
        ManifestMediaType = ManifestMediaType,
        Layers = Plans.Select(plan => new ImageLayer(
            plan.ChainId, plan.DiffId.ToString(), store.LayerSize(plan.ChainId) ?? throw new InvalidOperationException($"layer {plan.ChainId} has no record"),
            plan.Blob, plan.MediaType, plan.Size)).ToList(),
        StoredAt = at,
    };
}
