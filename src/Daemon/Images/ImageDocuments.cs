using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images;

/// <summary>Reads manifests, indexes and configs that came from elsewhere, and refuses what is not one thing alone (CVE-2021-41190).</summary>
internal static class ImageDocuments
{
    public const int ManifestLimit = 4 << 20;
    public const int ConfigLimit = 8 << 20;
    private const int LayerLimit = 500; // overlayfs takes no more lower layers

    /// <summary>What a document is: its own word first, then the server's, then its shape; they must not disagree with the shape.</summary>
    /// <exception cref="Shared.Errors.EngineException">InvalidArgument: neither a manifest nor an index that we know.</exception>
    public static string MediaTypeOf(ReadOnlySpan<byte> content, string? announced)
    {
        var document = Parse(content, ImageSpecJson.Default.OciManifest, "the manifest");
        if (document.SchemaVersion != 2 || announced is MediaTypes.DockerManifestV1 or MediaTypes.DockerManifestV1Signed)
        {
            throw ImageErrors.Malformed("the manifest", "its schema is version 1, which was withdrawn years ago: push the image again with a newer tool");
        }

        var (isIndex, isManifest) = (document.Manifests is not null, document.Layers is not null || document.Config is not null);
        if (isIndex == isManifest)
        {
            throw ImageErrors.Malformed("the manifest", isIndex ? "it lists manifests and layers at once" : "it lists neither manifests nor layers");
        }

        var type = document.MediaType ?? (MediaTypes.IsIndex(announced) || MediaTypes.IsManifest(announced) ? announced : null)
            ?? (isIndex ? MediaTypes.OciIndex : MediaTypes.OciManifest);
        return (isIndex ? MediaTypes.IsIndex(type) : MediaTypes.IsManifest(type))
            ? type
            : throw ImageErrors.Malformed("the manifest", $"its media type {type} is not that of what it holds");
    }

    public static OciIndex ParseIndex(ReadOnlySpan<byte> content) => Parse(content, ImageSpecJson.Default.OciIndex, "the index");

    /// <summary>A manifest of a container image, its layers' and config's descriptors whole.</summary>
    public static OciManifest ParseManifest(ReadOnlySpan<byte> content)
    {
        var manifest = Parse(content, ImageSpecJson.Default.OciManifest, "the manifest");
        if (manifest.Config is null || manifest.Layers is null)
        {
            throw ImageErrors.Malformed("the manifest", "it lacks its config or its layers");
        }

        if (manifest.Layers.Length > LayerLimit)
        {
            throw ImageErrors.Malformed("the manifest", $"it has {manifest.Layers.Length} layers; {LayerLimit} can be mounted");
        }

        foreach (var descriptor in manifest.Layers.Append(manifest.Config))
        {
            _ = DigestOf(descriptor);
            if (descriptor.Size < 0)
            {
                throw ImageErrors.Malformed("the manifest", "a size is negative");
            }
        }

        return manifest;
    }

    /// <summary>An image's config that goes with its manifest's layers, and the diff ids it names.</summary>
    public static (OciImage Image, Digest[] DiffIds) ParseConfig(ReadOnlySpan<byte> content, int layers)
    {
        var image = Parse(content, ImageSpecJson.Default.OciImage, "the image's config");
        var diffIds = (image.Rootfs?.DiffIds ?? []).Select(text => Digest.TryParse(text, out var digest)
            ? digest
            : throw ImageErrors.Malformed("the image's config", $"\"{text}\" is not a digest")).ToArray();
        return diffIds.Length == layers
            ? (image, diffIds)
            : throw ImageErrors.Malformed("the image's config", $"it names {diffIds.Length} layers where the manifest has {layers}: not a container image?");
    }

    public static Digest DigestOf(OciDescriptor descriptor)
        => Digest.TryParse(descriptor.Digest, out var digest) ? digest : throw ImageErrors.Malformed("a descriptor", $"\"{descriptor.Digest}\" is not a digest");

    /// <summary>The entry of an index that serves a platform best.</summary>
    /// <returns>Null when none does.</returns>
    public static OciDescriptor? Choose(OciIndex index, Platform platform) => (index.Manifests ?? [])
        .Where(entry => MediaTypes.IsManifest(entry.MediaType) || MediaTypes.IsIndex(entry.MediaType))
        .Select(entry => (Entry: entry, Distance: entry.Platform?.ToPlatform() is { } offered ? platform.Distance(offered) : null))
        .Where(candidate => candidate.Distance is not null)
        .OrderBy(candidate => candidate.Distance)
        .Select(candidate => candidate.Entry)
        .FirstOrDefault();

    private static T Parse<T>(ReadOnlySpan<byte> content, JsonTypeInfo<T> type, string what)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(content, type) ?? throw ImageErrors.Malformed(what, "it is null");
        }
        catch (JsonException error)
        {
            throw ImageErrors.Malformed(what, error.Message);
        }
    }
}
