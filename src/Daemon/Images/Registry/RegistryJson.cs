using System.Text.Json.Serialization;

namespace Berth.Daemon.Images.Registry;

// What registries answer with: distribution-spec, "Error Codes" and "Content Discovery"; Docker's token specification.

internal sealed record RegistryErrors
{
    public RegistryError[]? Errors { get; init; }
}

internal sealed record RegistryError
{
    public string? Code { get; init; }
    public string? Message { get; init; }
}

internal sealed record RegistryToken
{
    public string? Token { get; init; }
    [JsonPropertyName("access_token")] public string? AccessToken { get; init; }
    /// <summary>Seconds; 60 when absent.</summary>
    [JsonPropertyName("expires_in")] public int? ExpiresIn { get; init; }
}

internal sealed record RegistryTags
{
    public string? Name { get; init; }
    public string[]? Tags { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(RegistryErrors))]
[JsonSerializable(typeof(RegistryToken))]
[JsonSerializable(typeof(RegistryTags))]
internal sealed partial class RegistryJson : JsonSerializerContext;
