using System.Text;
using System.Text.Json;
using Berth.Daemon.Images.Content;
using Berth.Shared.Archives;
using Berth.Shared.Errors;
using Berth.Shared.Linux;
using Berth.Shared.Oci;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Archives;

/// <summary>Writes images as one archive that is both what "docker save" writes and an OCI image layout; blobs as they came, each once.</summary>
internal sealed class ImageSaver(ImageService images, ImageStore store, ContentStore content, ContentHolds holds)
{
    private static readonly byte[] LayoutFile = """{"imageLayoutVersion":"1.0.0"}"""u8.ToArray();

    /// <summary>Finds what is to be saved; the images stay until the plan is disposed of.</summary>
    /// <param name="names">A name without tag stands for all tags of the repository.</param>
    /// <exception cref="EngineException">NotFound, InvalidArgument.</exception>
    public SavePlan Plan(IReadOnlyList<string> names, Platform? platform)
    {
        if (names.Count == 0)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "no image to save was named");
        }

        var held = new HoldSet(holds);
        try
        {
            var chosen = new OrderedDictionary<string, SavedImage>(StringComparer.Ordinal);
            foreach (var name in names)
            {
                foreach (var (image, reference) in Find(name, platform))
                {
                    held.Add(image.Id);
                    var saved = chosen.GetValueOrDefault(image.Id) ?? new SavedImage(image, []);
                    chosen[image.Id] = reference is null || saved.Tags.Contains(reference) ? saved : saved with { Tags = [.. saved.Tags, reference] };
                }
            }

            return new SavePlan([.. chosen.Values], held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    public async Task WriteAsync(SavePlan plan, Stream output, CancellationToken ct)
    {
        var written = new HashSet<string>(StringComparer.Ordinal);
        await DirectoryAsync("blobs/");
        await DirectoryAsync("blobs/sha256/");
        foreach (var image in plan.Images)
        {
            foreach (var blob in BlobsOf(image.Image))
            {
                await BlobAsync(blob);
            }
        }

        await FileAsync("index.json", JsonSerializer.SerializeToUtf8Bytes(Index(plan), ImageSpecJson.Default.OciIndex));
        await FileAsync("manifest.json", JsonSerializer.SerializeToUtf8Bytes(plan.Images.Select(ArchiveImage).ToArray(), ImageSpecJson.Default.DockerArchiveImageArray));
        await FileAsync("oci-layout", LayoutFile);
        await FileAsync("repositories", JsonSerializer.SerializeToUtf8Bytes(Repositories(plan), ImageSpecJson.Default.DictionaryStringDictionaryStringString));
        await output.WriteAsync(TarHeader.End, ct);

        async Task DirectoryAsync(string name) => await output.WriteAsync(TarHeader.Encode(Entry(name, TarEntryKind.Directory, 0)), ct);

        async Task FileAsync(string name, byte[] bytes)
        {
            await output.WriteAsync(TarHeader.Encode(Entry(name, TarEntryKind.File, bytes.Length)), ct);
            await output.WriteAsync(bytes, ct);
            await output.WriteAsync(new byte[TarHeader.Padding(bytes.Length)], ct);
        }

        async Task BlobAsync(Digest digest)
        {
            if (!written.Add(digest.ToString()))
            {
                return;
            }

            await using var blob = content.OpenRead(digest);
            var size = blob.Length;
            await output.WriteAsync(TarHeader.Encode(Entry(Path(digest), TarEntryKind.File, size)), ct);
            await blob.CopyToAsync(output, 1 << 17, ct);
            await output.WriteAsync(new byte[TarHeader.Padding(size)], ct);
        }
    }

    private List<(ImageRecord Image, ImageReference? Reference)> Find(string name, Platform? platform)
    {
        if (ImageReference.TryParse(name, out var reference) && reference is { Tag: null, Digest: null })
        {
            var tags = store.Names().Where(known => known.Reference.Tag is not null && known.Reference.Name == reference.Name).ToList();
            if (tags.Count > 0)
            {
                return tags.Select(tag => (images.Resolve(tag.ImageId, platform), (ImageReference?)tag.Reference)).ToList();
            }
        }

        var image = images.Resolve(name, platform);
        var isTag = reference is { Tag: not null, Digest: null } && store.FindByTag(reference.Name, reference.Tag) == image.Id;
        return [(image, isTag ? reference : null)];
    }

    private static IEnumerable<Digest> BlobsOf(ImageRecord image) => [.. image.Layers.Select(layer => layer.Blob), Digest.Parse(image.Id), image.ManifestDigest];

    private OciIndex Index(SavePlan plan) => new()
    {
        SchemaVersion = 2,
        MediaType = MediaTypes.OciIndex,
        Manifests = [.. plan.Images.SelectMany(image => image.Tags.Count == 0 ? [Descriptor(image.Image, null)] : image.Tags.Select(tag => Descriptor(image.Image, tag)))],
    };

    private OciDescriptor Descriptor(ImageRecord image, ImageReference? tag) => new()
    {
        MediaType = image.ManifestMediaType,
        Digest = image.ManifestDigest.ToString(),
        Size = content.Size(image.ManifestDigest),
        Annotations = tag is null ? null : new Dictionary<string, string>
        {
            ["io.containerd.image.name"] = tag.ToString(),
            ["org.opencontainers.image.ref.name"] = tag.Tag!, // a tag's reference has one
        },
    };

    private static DockerArchiveImage ArchiveImage(SavedImage image) => new()
    {
        Config = Path(Digest.Parse(image.Image.Id)),
        RepoTags = image.Tags.Count == 0 ? null : [.. image.Tags.Select(tag => tag.ToFamiliarString())],
        Layers = [.. image.Image.Layers.Select(layer => Path(layer.Blob))],
        LayerSources = image.Image.Layers.DistinctBy(layer => layer.DiffId).ToDictionary(
            layer => layer.DiffId,
            layer => new OciDescriptor { MediaType = layer.BlobMediaType, Digest = layer.Blob.ToString(), Size = layer.BlobSizeBytes }),
    };

    private static Dictionary<string, Dictionary<string, string>> Repositories(SavePlan plan)
    {
        var repositories = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach (var (image, tag) in plan.Images.SelectMany(saved => saved.Tags.Select(tag => (saved.Image, tag))))
        {
            if (!repositories.TryGetValue(tag.FamiliarName, out var tags))
            {
                repositories.Add(tag.FamiliarName, tags = []);
            }

            tags[tag.Tag!] = image.Id["sha256:".Length..]; // a tag's reference has one
        }

        return repositories;
    }

    private static string Path(Digest digest) => $"blobs/{digest.Algorithm}/{digest.Hex}";

    // Fixed times and modes: the same images make the same archive.
    private static TarEntry Entry(string name, TarEntryKind kind, long size) => new()
    {
        Name = Encoding.ASCII.GetBytes(name),
        Kind = kind,
        Size = size,
        Permissions = kind == TarEntryKind.Directory ? 0x1EDu : 0x1A4u, // 0755, 0644
        Modified = new FileTime(0, 0),
    };
}

/// <param name="Tags">The names it was asked for by.</param>
internal sealed record SavedImage(ImageRecord Image, IReadOnlyList<ImageReference> Tags);

internal sealed record SavePlan(IReadOnlyList<SavedImage> Images, HoldSet Held) : IDisposable
{
    public void Dispose() => Held.Dispose();
}
