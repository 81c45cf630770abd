using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Shared.References;

namespace Berth.Shared.Oci;

// OCI image-spec 1.1 (descriptor.md, manifest.md, image-index.md, config.md) and Docker's schema 2, which has the same members.
// These records only read and write; a digest is always taken over bytes as received, never over one of these serialised again.

/// <summary>The media types that an image store meets.</summary>
public static class MediaTypes
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";
    public const string OciConfig = "application/vnd.oci.image.config.v1+json";
    public const string OciLayer = "application/vnd.oci.image.layer.v1.tar";
    public const string OciLayerGzip = "application/vnd.oci.image.layer.v1.tar+gzip";
    public const string OciLayerZstd = "application/vnd.oci.image.layer.v1.tar+zstd";
    public const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    public const string DockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";
    public const string DockerConfig = "application/vnd.docker.container.image.v1+json";
    public const string DockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip";
    public const string DockerLayer = "application/vnd.docker.image.rootfs.diff.tar";
    public const string DockerManifestV1 = "application/vnd.docker.distribution.manifest.v1+json";
    public const string DockerManifestV1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";

    public static bool IsIndex(string? mediaType) => mediaType is OciIndex or DockerManifestList;

    public static bool IsManifest(string? mediaType) => mediaType is OciManifest or DockerManifest;

    /// <summary>Whether a config of this type describes a container image; an artifact's does not.</summary>
    public static bool IsImageConfig(string? mediaType) => mediaType is OciConfig or DockerConfig;
}

public sealed record OciDescriptor
{
    public string? MediaType { get; init; }
    public string? Digest { get; init; }
    /// <summary>Bytes.</summary>
    public long Size { get; init; }
    public string[]? Urls { get; init; }
    public Dictionary<string, string>? Annotations { get; init; }
    public OciPlatform? Platform { get; init; }
    public string? ArtifactType { get; init; }
}

public sealed record OciPlatform
{
    public string? Architecture { get; init; }
    public string? Os { get; init; }
    public string? Variant { get; init; }
    [JsonPropertyName("os.version")] public string? OsVersion { get; init; }
    [JsonPropertyName("os.features")] public string[]? OsFeatures { get; init; }

    public Platform? ToPlatform() => string.IsNullOrEmpty(Os) || string.IsNullOrEmpty(Architecture)
        ? null
        : new Platform(Os, Architecture, string.IsNullOrEmpty(Variant) ? null : Variant, string.IsNullOrEmpty(OsVersion) ? null : OsVersion).Normalize();
}

public sealed record OciManifest
{
    public int SchemaVersion { get; init; }
    public string? MediaType { get; init; }
    public string? ArtifactType { get; init; }
    public OciDescriptor? Config { get; init; }
    public OciDescriptor[]? Layers { get; init; }
    public OciDescriptor? Subject { get; init; }
    public Dictionary<string, string>? Annotations { get; init; }
    /// <summary>Must be absent here; read to refuse a document that is two things at once (CVE-2021-41190).</summary>
    public OciDescriptor[]? Manifests { get; init; }
}

public sealed record OciIndex
{
    public int SchemaVersion { get; init; }
    public string? MediaType { get; init; }
    public string? ArtifactType { get; init; }
    public OciDescriptor[]? Manifests { get; init; }
    public OciDescriptor? Subject { get; init; }
    public Dictionary<string, string>? Annotations { get; init; }
    /// <summary>Must be absent here, as <see cref="OciManifest.Manifests"/> there.</summary>
    public OciDescriptor[]? Layers { get; init; }
}

/// <summary>The image's config: what it is, how its containers start, and which layers it is made of.</summary>
public sealed record OciImage
{
    /// <summary>RFC 3339, kept as written: its digits are shown again.</summary>
    public string? Created { get; init; }
    public string? Author { get; init; }
    public string? Architecture { get; init; }
    public string? Os { get; init; }
    public string? Variant { get; init; }
    [JsonPropertyName("os.version")] public string? OsVersion { get; init; }
    [JsonPropertyName("os.features")] public string[]? OsFeatures { get; init; }
    public OciImageConfig? Config { get; init; }
    public OciRootfs? Rootfs { get; init; }
    public OciHistory[]? History { get; init; }
    /// <summary>Docker's own, from before history: the builder's comment and version.</summary>
    public string? Comment { get; init; }
    [JsonPropertyName("docker_version")] public string? DockerVersion { get; init; }

    [JsonIgnore] public DateTimeOffset? CreatedAt => ImageTimes.Parse(Created);

    public Platform ToPlatform() => new OciPlatform { Os = Os, Architecture = Architecture, Variant = Variant, OsVersion = OsVersion }.ToPlatform() ?? Platform.Host;
}

/// <summary>Defaults for containers of an image; the members are written as Go writes them.</summary>
public sealed record OciImageConfig
{
    [JsonPropertyName("Hostname")] public string? Hostname { get; init; }
    [JsonPropertyName("Domainname")] public string? Domainname { get; init; }
    [JsonPropertyName("User")] public string? User { get; init; }
    /// <summary>Keys such as "80/tcp".</summary>
    [JsonPropertyName("ExposedPorts")] public Dictionary<string, OciEmpty>? ExposedPorts { get; init; }
    [JsonPropertyName("Env")] public string[]? Env { get; init; }
    [JsonPropertyName("Entrypoint")][JsonConverter(typeof(StringOrStringsConverter))] public string[]? Entrypoint { get; init; }
    [JsonPropertyName("Cmd")][JsonConverter(typeof(StringOrStringsConverter))] public string[]? Cmd { get; init; }
    [JsonPropertyName("Volumes")] public Dictionary<string, OciEmpty>? Volumes { get; init; }
    [JsonPropertyName("WorkingDir")] public string? WorkingDir { get; init; }
    [JsonPropertyName("Labels")] public Dictionary<string, string>? Labels { get; init; }
    [JsonPropertyName("StopSignal")] public string? StopSignal { get; init; }
    /// <summary>Seconds.</summary>
    [JsonPropertyName("StopTimeout")] public int? StopTimeout { get; init; }
    [JsonPropertyName("ArgsEscaped")] public bool? ArgsEscaped { get; init; }
    [JsonPropertyName("Healthcheck")] public OciHealthcheck? Healthcheck { get; init; }
    [JsonPropertyName("OnBuild")] public string[]? OnBuild { get; init; }
    [JsonPropertyName("Shell")][JsonConverter(typeof(StringOrStringsConverter))] public string[]? Shell { get; init; }
}

/// <summary>The empty object that is a set's value in Go's JSON.</summary>
public sealed record OciEmpty;

/// <summary>Docker's health check; times in nanoseconds.</summary>
public sealed record OciHealthcheck
{
    [JsonPropertyName("Test")] public string[]? Test { get; init; }
    [JsonPropertyName("Interval")] public long? Interval { get; init; }
    [JsonPropertyName("Timeout")] public long? Timeout { get; init; }
    [JsonPropertyName("StartPeriod")] public long? StartPeriod { get; init; }
    [JsonPropertyName("StartInterval")] public long? StartInterval { get; init; }
    [JsonPropertyName("Retries")] public int? Retries { get; init; }
}

public sealed record OciRootfs
{
    public string? Type { get; init; }
    [JsonPropertyName("diff_ids")] public string[]? DiffIds { get; init; }
}

public sealed record OciHistory
{
    public string? Created { get; init; }
    [JsonPropertyName("created_by")] public string? CreatedBy { get; init; }
    public string? Author { get; init; }
    public string? Comment { get; init; }
    [JsonPropertyName("empty_layer")] public bool? EmptyLayer { get; init; }

    [JsonIgnore] public DateTimeOffset? CreatedAt => ImageTimes.Parse(Created);
}

internal static class ImageTimes
{
    /// <summary>Null when absent or not a time: a foreign image with an odd date is still an image.</summary>
    internal static DateTimeOffset? Parse(string? text)
        => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? time : null;
}

/// <summary>The file "oci-layout" of an image layout directory; image-layout.md.</summary>
public sealed record OciLayoutFile
{
    public string? ImageLayoutVersion { get; init; }
}

/// <summary>One image of a docker-archive's manifest.json.</summary>
public sealed record DockerArchiveImage
{
    [JsonPropertyName("Config")] public string? Config { get; init; }
    [JsonPropertyName("RepoTags")] public string[]? RepoTags { get; init; }
    [JsonPropertyName("Layers")] public string[]? Layers { get; init; }
    /// <summary>By diff id: the descriptors under which the layers are known to registries.</summary>
    [JsonPropertyName("LayerSources")] public Dictionary<string, OciDescriptor>? LayerSources { get; init; }
}

/// <summary>Old images give a command as one string where newer ones give a list.</summary>
public sealed class StringOrStringsConverter : JsonConverter<string[]>
{
    public override string[]? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return null;
            case JsonTokenType.String:
                return [reader.GetString()!]; // a String token has a value
            case JsonTokenType.StartArray:
                var strings = new List<string>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    strings.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException("a list of strings is expected"));
                }

                return [.. strings];
            default:
                throw new JsonException("a string or a list of strings is expected");
        }
    }

    public override void Write(Utf8JsonWriter writer, string[] value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        foreach (var item in value)
        {
            writer.WriteStringValue(item);
        }

        writer.WriteEndArray();
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    PropertyNameCaseInsensitive = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OciDescriptor))]
[JsonSerializable(typeof(OciManifest))]
[JsonSerializable(typeof(OciIndex))]
[JsonSerializable(typeof(OciImage))]
[JsonSerializable(typeof(OciImageConfig))]
[JsonSerializable(typeof(OciPlatform))]
[JsonSerializable(typeof(OciLayoutFile))]
[JsonSerializable(typeof(DockerArchiveImage[]))]
[JsonSerializable(typeof(Dictionary<string, Dictionary<string, string>>))]
public sealed partial class ImageSpecJson : JsonSerializerContext;
