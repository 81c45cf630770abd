using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Planning;

/// <summary>A seccomp profile file in Docker's format, which is OCI's and more: rules may depend on capabilities, kernel version and architecture.</summary>
internal sealed record SeccompProfile
{
    public string? DefaultAction { get; init; }
    public uint? DefaultErrnoRet { get; init; }
    public string[]? Architectures { get; init; }
    public ArchitectureMap[]? ArchMap { get; init; }
    public string[]? Flags { get; init; }
    public string? ListenerPath { get; init; }
    public string? ListenerMetadata { get; init; }
    public Rule[]? Syscalls { get; init; }

    internal sealed record ArchitectureMap
    {
        public string? Architecture { get; init; }
        public string[]? SubArchitectures { get; init; }
    }

    internal sealed record Rule
    {
        /// <summary>One name, in old profiles.</summary>
        public string? Name { get; init; }
        public string[]? Names { get; init; }
        public string? Action { get; init; }
        public uint? ErrnoRet { get; init; }
        public OciSyscallArgument[]? Args { get; init; }
        public Condition? Includes { get; init; }
        public Condition? Excludes { get; init; }
    }

    internal sealed record Condition
    {
        public string[]? Caps { get; init; }
        public string[]? Arches { get; init; }
        public string? MinKernel { get; init; }
    }

    /// <summary>Profiles are kilobytes; a limit on what one request may make us parse.</summary>
    private const int MaxCharacters = 1 << 20;

    /// <exception cref="EngineException">InvalidArgument: not such a profile.</exception>
    public static SeccompProfile Parse(string json)
    {
        if (json.Length > MaxCharacters)
        {
            throw Bad($"it is longer than {MaxCharacters} characters");
        }

        SeccompProfile profile;
        try
        {
            profile = JsonSerializer.Deserialize(json, SeccompProfileJson.Default.SeccompProfile) ?? throw Bad("it is empty");
        }
        catch (JsonException error)
        {
            throw Bad(error.Message, error);
        }

        if (string.IsNullOrEmpty(profile.DefaultAction))
        {
            throw Bad("it has no defaultAction");
        }

        if (profile.Architectures is { Length: > 0 } && profile.ArchMap is { Length: > 0 })
        {
            throw Bad("use either 'architectures' or 'archMap'");
        }

        foreach (var rule in profile.Syscalls ?? [])
        {
            if (rule.Name is { Length: > 0 } && rule.Names is { Length: > 0 })
            {
                throw Bad("a rule has either 'name' or 'names'");
            }
        }

        return profile;
    }

    /// <summary>The rules that apply to a container with these capabilities on this machine.</summary>
    /// <param name="kernel">The running kernel's major and minor version.</param>
    public OciSeccomp For(IReadOnlyCollection<string> capabilities, Version kernel)
    {
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64";
        var rules = new List<OciSyscallRule>();
        foreach (var rule in Syscalls ?? [])
        {
            if (Excluded(rule.Excludes, capabilities, architecture, kernel) || !Included(rule.Includes, capabilities, architecture, kernel))
            {
                continue;
            }

            rules.Add(new OciSyscallRule
            {
                Names = rule.Names ?? (rule.Name is { Length: > 0 } ? [rule.Name] : []),
                Action = rule.Action ?? throw Bad("a rule has no action"),
                ErrnoRet = rule.ErrnoRet,
                Args = rule.Args,
            });
        }

        return new OciSeccomp
        {
            DefaultAction = DefaultAction!, // Parse saw to it
            DefaultErrnoRet = DefaultErrnoRet,
            Architectures = Architectures is { Length: > 0 } ? Architectures : FromMap(architecture),
            Flags = Flags,
            ListenerPath = ListenerPath,
            ListenerMetadata = ListenerMetadata,
            Syscalls = [.. rules],
        };
    }

    private string[]? FromMap(string architecture)
    {
        var native = architecture == "arm64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64";
        var entry = ArchMap?.FirstOrDefault(map => map.Architecture == native);
        return entry is null ? null : [native, .. entry.SubArchitectures ?? []];
    }

    private static bool Included(Condition? condition, IReadOnlyCollection<string> capabilities, string architecture, Version kernel)
        => condition is null
            || ((condition.Arches is not { Length: > 0 } arches || arches.Contains(architecture))
                && (condition.Caps is not { Length: > 0 } caps || caps.All(capabilities.Contains))
                && (string.IsNullOrEmpty(condition.MinKernel) || kernel >= ParseKernel(condition.MinKernel)));

    private static bool Excluded(Condition? condition, IReadOnlyCollection<string> capabilities, string architecture, Version kernel)
        => condition is not null
            && ((condition.Arches ?? []).Contains(architecture)
                || (condition.Caps ?? []).Any(capabilities.Contains)
                || (!string.IsNullOrEmpty(condition.MinKernel) && kernel >= ParseKernel(condition.MinKernel)));

    private static Version ParseKernel(string text) => Version.TryParse(text, out var version)
        ? version
        : throw Bad(string.Create(CultureInfo.InvariantCulture, $"minKernel \"{text}\" is not a version"));

    private static EngineException Bad(string why, Exception? inner = null) => new(ErrorKind.InvalidArgument,
        $"decoding seccomp profile failed: {why}", inner);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(SeccompProfile))]
internal sealed partial class SeccompProfileJson : JsonSerializerContext;
