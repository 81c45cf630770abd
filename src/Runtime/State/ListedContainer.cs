using System.Text.Json.Serialization;

namespace Berth.Runtime.State;

/// <summary>An element of "list -f json", and the answer of "state": the specification's members, and those that runc's readers expect beside them.</summary>
internal sealed record ListedContainer
{
    public required string OciVersion { get; init; }

    public required string Id { get; init; }

    public required int Pid { get; init; }

    public required string Status { get; init; }

    public required string Bundle { get; init; }

    public required string Rootfs { get; init; }

    public required string Created { get; init; }

    public Dictionary<string, string>? Annotations { get; init; }

    public required string Owner { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ListedContainer))]
[JsonSerializable(typeof(List<ListedContainer>))]
internal sealed partial class ListedContainerJson : JsonSerializerContext;
