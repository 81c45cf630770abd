using Berth.Shared.Api;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Commit;

/// <summary>A container's configuration as an image's.</summary>
internal static class CommittedConfig
{
    public static OciImageConfig From(ContainerConfig config) => new()
    {
        User = NullIfEmpty(config.User),
        ExposedPorts = Set(config.ExposedPorts),
        Env = Array(config.Env),
        Entrypoint = Array(config.Entrypoint),
        Cmd = Array(config.Cmd),
        Volumes = Set(config.Volumes),
        WorkingDir = NullIfEmpty(config.WorkingDir),
        Labels = config.Labels is { Count: > 0 } labels ? new Dictionary<string, string>(labels) : null,
        StopSignal = NullIfEmpty(config.StopSignal),
        StopTimeout = config.StopTimeout,
        Healthcheck = Health(config.Healthcheck),
        OnBuild = Array(config.OnBuild),
        Shell = Array(config.Shell),
    };

    /// <summary>Fills what a given configuration leaves open from the container's own.</summary>
    public static OciImageConfig Fill(OciImageConfig given, OciImageConfig own)
    {
        var hasEntrypoint = given.Entrypoint is { Length: > 0 };
        return given with
        {
            User = given.User ?? own.User,
            ExposedPorts = Union(given.ExposedPorts, own.ExposedPorts),
            Env = Variables(given.Env, own.Env),
            Entrypoint = hasEntrypoint ? given.Entrypoint : own.Entrypoint,
            Cmd = hasEntrypoint || given.Cmd is { Length: > 0 } ? given.Cmd : own.Cmd, // a command was written for its own entrypoint
            Volumes = Union(given.Volumes, own.Volumes),
            WorkingDir = given.WorkingDir ?? own.WorkingDir,
            Labels = Union(given.Labels, own.Labels),
            StopSignal = given.StopSignal ?? own.StopSignal,
            StopTimeout = given.StopTimeout ?? own.StopTimeout,
            Healthcheck = given.Healthcheck ?? own.Healthcheck,
            Shell = given.Shell ?? own.Shell,
        };
    }

    private static OciHealthcheck? Health(HealthConfig? health) => health is null ? null : new OciHealthcheck
    {
        Test = Array(health.Test),
        Interval = health.Interval,
        Timeout = health.Timeout,
        StartPeriod = health.StartPeriod,
        StartInterval = health.StartInterval,
        Retries = (int?)health.Retries,
    };

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string[]? Array(List<string>? list) => list is { Count: > 0 } ? [.. list] : null;

    private static Dictionary<string, OciEmpty>? Set(Dictionary<string, EmptyObject>? set)
        => set is { Count: > 0 } ? set.Keys.ToDictionary(key => key, _ => new OciEmpty(), StringComparer.Ordinal) : null;

    private static Dictionary<string, T>? Union<T>(Dictionary<string, T>? given, Dictionary<string, T>? own)
    {
        if (given is null || own is null)
        {
            return given ?? own;
        }

        var union = new Dictionary<string, T>(own, StringComparer.Ordinal);
        foreach (var (key, value) in given)
        {
            union[key] = value;
        }

        return union;
    }

    private static string[]? Variables(string[]? given, string[]? own)
    {
        var names = (given ?? []).Select(Name).ToHashSet(StringComparer.Ordinal);
        string[] all = [.. given ?? [], .. (own ?? []).Where(variable => !names.Contains(Name(variable)))];
        return all.Length == 0 ? null : all;

        static string Name(string variable) => variable.Split('=', 2)[0];
    }
}
