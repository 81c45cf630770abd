using System.Runtime.InteropServices;
using System.Text.Json;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Shared.Seccomp;

/// <summary>Reads a seccomp profile that a user gives: Docker's JSON, of which the OCI structure is the part without conditions.</summary>
public static class SeccompProfile
{
    /// <summary>Profiles are kilobytes; a limit on what one request may make us parse.</summary>
    private const int MaxCharacters = 1 << 20;

    /// <param name="json">Docker's profile format: with archMap, and includes and excludes per rule.</param>
    /// <param name="capabilities">The container's bounding set, "CAP_…".</param>
    /// <param name="kernel">Null: the running one.</param>
    /// <param name="machine">Null: this one.</param>
    /// <exception cref="EngineException">InvalidArgument: not JSON, or not a profile.</exception>
    public static OciSeccomp Parse(string json, IReadOnlySet<string> capabilities, Version? kernel = null, Architecture? machine = null)
    {
        if (json.Length > MaxCharacters)
        {
            throw Invalid($"it is longer than {MaxCharacters} characters");
        }

        DockerSeccompProfile profile;
        try
        {
            profile = JsonSerializer.Deserialize(json, SeccompProfileJson.Default.DockerSeccompProfile) ?? throw Invalid("it is null");
        }
        catch (JsonException e)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"Decoding seccomp profile failed: {e.Message}", e);
        }

        if (string.IsNullOrEmpty(profile.DefaultAction))
        {
            throw Invalid("it has no defaultAction");
        }

        if (profile is { Architectures.Length: > 0, ArchMap.Length: > 0 })
        {
            throw Invalid("both 'architectures' and 'archMap' are given: use one of them");
        }

        var conditions = new Conditions(capabilities, kernel ?? Environment.OSVersion.Version, SeccompMachine.Of(machine ?? RuntimeInformation.OSArchitecture));
        return new OciSeccomp
        {
            DefaultAction = profile.DefaultAction,
            DefaultErrnoRet = profile.DefaultErrnoRet,
            Architectures = profile.Architectures ?? OwnArchitectures(profile.ArchMap, conditions.Machine),
            Flags = profile.Flags,
            ListenerPath = profile.ListenerPath,
            ListenerMetadata = profile.ListenerMetadata,
            Syscalls = [.. (profile.Syscalls ?? []).Where(conditions.Hold).Select(ToOci)],
        };
    }

    private static OciSyscallRule ToOci(DockerSeccompRule rule)
    {
        if (rule is { Name: not null, Names.Length: > 0 })
        {
            throw Invalid("a rule has both 'name' and 'names': use one of them");
        }

        var names = rule.Name is { } name ? [name] : rule.Names ?? throw Invalid("a rule names no call");
        return new OciSyscallRule
        {
            Names = names,
            Action = rule.Action ?? throw Invalid($"the rule of {string.Join(", ", names)} has no action"),
            ErrnoRet = rule.ErrnoRet,
            Args = rule.Args is { Length: > 0 }
                ? [.. rule.Args.Select(a => new OciSyscallArgument(a.Index, a.Value, a.ValueTwo, a.Op ?? throw Invalid("an argument has no op")))]
                : null,
        };
    }

    private static string[]? OwnArchitectures(DockerSeccompArchitecture[]? map, SeccompMachine machine)
    {
        foreach (var entry in map ?? [])
        {
            if (entry.Architecture == machine.Architectures[0])
            {
                return [entry.Architecture, .. entry.SubArchitectures ?? []];
            }
        }

        return null;
    }

    private static EngineException Invalid(string reason) => new(ErrorKind.InvalidArgument, $"Invalid seccomp profile: {reason}");

    private sealed record Conditions(IReadOnlySet<string> Capabilities, Version Kernel, SeccompMachine Machine)
    {
        /// <summary>Includes must all hold, and no exclude may.</summary>
        public bool Hold(DockerSeccompRule rule)
        {
            var includes = rule.Includes;
            if (includes is { Caps.Length: > 0 } && !includes.Caps.All(Capabilities.Contains))
            {
                return false;
            }

            if (includes is { Arches.Length: > 0 } && !includes.Arches.Any(Machine.GoNames.Contains))
            {
                return false;
            }

            if (includes?.MinKernel is { } least && Kernel < ParseKernel(least))
            {
                return false;
            }

            var excludes = rule.Excludes;
            return !(excludes?.Caps ?? []).Any(Capabilities.Contains)
                && !(excludes?.Arches ?? []).Any(Machine.GoNames.Contains)
                && !(excludes?.MinKernel is { } first && Kernel >= ParseKernel(first));
        }

        private static Version ParseKernel(string text)
            => Version.TryParse(text, out var version) ? version : throw Invalid($"kernel version {text} is not of the form 4.8");
    }
}
