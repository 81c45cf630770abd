using Berth.Daemon.Images.Registry;
using Berth.Shared.Api;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Push;

/// <summary>What a registry has under a name, without pulling it.</summary>
internal sealed class DistributionService(RegistryClient registry)
{
    /// <exception cref="EngineException">NotFound, Unauthorized; Internal: the registry can't be reached.</exception>
    public async Task<DistributionInspect> InspectAsync(ImageReference reference, RegistryCredentials? credentials, CancellationToken ct)
    {
        var session = registry.Open(reference.Repository(), credentials);
        try
        {
            var manifest = await session.GetManifestAsync(reference.Digest?.ToString() ?? reference.TagOrDigest, ct);
            var mediaType = ImageDocuments.MediaTypeOf(manifest.Content, manifest.MediaType);
            return new DistributionInspect
            {
                Descriptor = new Descriptor { MediaType = mediaType, Digest = manifest.Digest.ToString(), Size = manifest.Content.Length },
                Platforms = MediaTypes.IsIndex(mediaType)
                    ? [.. (ImageDocuments.ParseIndex(manifest.Content).Manifests ?? []).Select(entry => entry.Platform).OfType<OciPlatform>().Select(Wire)]
                    : [await PlatformAsync(session, manifest, ct)],
            };
        }
        catch (RegistryException refusal)
        {
            throw refusal.For(reference);
        }
    }

    private static async Task<DescriptorPlatform> PlatformAsync(RegistrySession session, RegistryManifest manifest, CancellationToken ct)
    {
        var document = ImageDocuments.ParseManifest(manifest.Content);
        var digest = ImageDocuments.DigestOf(document.Config!); // checked by ParseManifest
        using var blob = await session.OpenBlobAsync(digest, 0, ct);
        var config = new byte[Math.Min(document.Config!.Size, ImageDocuments.ConfigLimit)];
        await blob.Content.ReadAtLeastAsync(config, config.Length, throwOnEndOfStream: false, ct);
        if (!digest.Matches(config))
        {
            throw ImageErrors.DigestMismatch("the image's config", digest.ToString(), Digest.OfSha256(config).ToString());
        }

        var (image, _) = ImageDocuments.ParseConfig(config, document.Layers!.Length);
        return Wire(new OciPlatform { Os = image.Os, Architecture = image.Architecture, Variant = image.Variant, OsVersion = image.OsVersion });
    }

    private static DescriptorPlatform Wire(OciPlatform platform) => new()
    {
        Architecture = platform.Architecture ?? "",
        Os = platform.Os ?? "",
        OsVersion = platform.OsVersion,
        Variant = platform.Variant,
    };
}
