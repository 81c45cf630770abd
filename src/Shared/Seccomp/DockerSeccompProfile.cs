using System.Text.Json.Serialization;

namespace Berth.Shared.Seccomp;

// Docker's seccomp profile document: https://docs.docker.com/engine/security/seccomp/. Kept together as one closed family.

internal sealed record DockerSeccompProfile
{
    public string? DefaultAction { get; init; }
    public uint? DefaultErrnoRet { get; init; }
    public string[]? Architectures { get; init; }
    public DockerSeccompArchitecture[]? ArchMap { get; init; }
    public string[]? Flags { get; init; }
    public string? ListenerPath { get; init; }
    public string? ListenerMetadata { get; init; }
    public DockerSeccompRule[]? Syscalls { get; init; }
}

internal sealed record DockerSeccompArchitecture
{
    public required string Architecture { get; init; }
    public string[]? SubArchitectures { get; init; }
}

internal sealed record DockerSeccompRule
{
    /// <summary>The form of old profiles: one call per rule.</summary>
    public string? Name { get; init; }

    public string[]? Names { get; init; }
    public string? Action { get; init; }
    public uint? ErrnoRet { get; init; }
    public DockerSeccompArgument[]? Args { get; init; }
    public DockerSeccompFilter? Includes { get; init; }
    public DockerSeccompFilter? Excludes { get; init; }
}

internal sealed record DockerSeccompArgument
{
    public uint Index { get; init; }
    public ulong Value { get; init; }
    public ulong? ValueTwo { get; init; }
    public string? Op { get; init; }
}

internal sealed record DockerSeccompFilter
{
    public string[]? Caps { get; init; }
    public string[]? Arches { get; init; }
    public string? MinKernel { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(DockerSeccompProfile))]
internal sealed partial class SeccompProfileJson : JsonSerializerContext;
