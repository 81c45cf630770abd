using System.Text.Json.Serialization;

namespace Berth.Runtime.State;

/// <summary>What "state" prints and hooks read: runtime-spec runtime.md, "State".</summary>
internal sealed record OciState
{
    public string OciVersion { get; init; } = "1.2.1";

    public required string Id { get; init; }

    /// <summary>creating, created, running or stopped; beyond the specification, as other runtimes have it, paused.</summary>
    public required string Status { get; init; }

    public int Pid { get; init; }

    public required string Bundle { get; init; }

    public Dictionary<string, string>? Annotations { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(OciState))]
internal sealed partial class OciStateJson : JsonSerializerContext;
