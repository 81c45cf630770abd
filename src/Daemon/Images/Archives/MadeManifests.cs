using System.Text.Json;
using Berth.Daemon.Images.Content;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Archives;

/// <summary>Manifests for images that came without one: loaded from old archives, imported, later committed and built.</summary>
internal static class MadeManifests
{
    public static (Digest Digest, string MediaType) PutManifest(this ContentStore content, Digest config, long configSize, IReadOnlyList<ImageLayer> layers, HoldSet held)
    {
        var manifest = new OciManifest
        {
            SchemaVersion = 2,
            MediaType = MediaTypes.DockerManifest,
            Config = new OciDescriptor { MediaType = MediaTypes.DockerConfig, Digest = config.ToString(), Size = configSize },
            Layers = [.. layers.Select(layer => new OciDescriptor { MediaType = layer.BlobMediaType, Digest = layer.Blob.ToString(), Size = layer.BlobSizeBytes })],
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(manifest, ImageSpecJson.Default.OciManifest);
        var digest = Digest.OfSha256(bytes);
        held.Add(digest.ToString());
        content.Put(digest, bytes);
        return (digest, MediaTypes.DockerManifest);
    }
}
