using Berth.Shared.Api;
using Berth.Shared.Oci;

namespace Berth.Daemon.Containers.Planning;

/// <summary>Fills what a create request leaves open from the image's configuration, by Docker's rules.</summary>
internal static class ImageDefaults
{
    /// <param name="request">The body of the create request; not changed.</param>
    public static ContainerConfig Merge(ContainerCreateRequest request, OciImageConfig? image)
    {
        image ??= new OciImageConfig();
        var (entrypoint, command) = Command(request, image);
        return new ContainerConfig
        {
            Hostname = request.Hostname ?? "",
            Domainname = request.Domainname ?? "",
            User = string.IsNullOrEmpty(request.User) ? image.User ?? "" : request.User,
            AttachStdin = request.AttachStdin ?? false,
            AttachStdout = request.AttachStdout ?? false,
            AttachStderr = request.AttachStderr ?? false,
            ExposedPorts = Union(request.ExposedPorts?.Keys, image.ExposedPorts?.Keys),
            Tty = request.Tty ?? false,
            OpenStdin = request.OpenStdin ?? false,
            StdinOnce = request.StdinOnce ?? false,
            Env = Environment(request.Env, image.Env),
            Cmd = command,
            Healthcheck = Healthcheck(request.Healthcheck, image.Healthcheck),
            ArgsEscaped = request.ArgsEscaped,
            Image = request.Image ?? "",
            Volumes = Union(request.Volumes?.Keys, image.Volumes?.Keys),
            WorkingDir = string.IsNullOrEmpty(request.WorkingDir) ? image.WorkingDir ?? "" : request.WorkingDir,
            Entrypoint = entrypoint,
            NetworkDisabled = request.NetworkDisabled,
            MacAddress = request.MacAddress,
            OnBuild = null,
            Labels = Labels(request.Labels, image.Labels),
            StopSignal = string.IsNullOrEmpty(request.StopSignal) ? image.StopSignal : request.StopSignal,
            StopTimeout = request.StopTimeout ?? image.StopTimeout,
            Shell = request.Shell ?? image.Shell?.ToList(),
        };
    }

    // An entrypoint of the request's own takes the image's command away, for that was written for the image's entrypoint;
    // [""] is how clients say "none".
    private static (List<string>? Entrypoint, List<string>? Command) Command(ContainerCreateRequest request, OciImageConfig image)
    {
        if (request.Entrypoint is { Count: > 0 } own)
        {
            return own is [""] ? (null, request.Cmd) : (own, request.Cmd);
        }

        var command = request.Cmd is { Count: > 0 } ? request.Cmd : image.Cmd?.ToList();
        return (request.Entrypoint ?? image.Entrypoint?.ToList(), command);
    }

    private static List<string> Environment(List<string>? own, string[]? image)
    {
        var merged = new List<string>(own ?? []);
        var names = merged.Select(NameOf).ToHashSet(StringComparer.Ordinal);
        merged.AddRange((image ?? []).Where(variable => !names.Contains(NameOf(variable))));
        return merged;
    }

    private static string NameOf(string variable)
    {
        var equals = variable.IndexOf('=');
        return equals < 0 ? variable : variable[..equals];
    }

    private static Dictionary<string, string> Labels(Dictionary<string, string>? own, Dictionary<string, string>? image)
    {
        var merged = new Dictionary<string, string>(image ?? [], StringComparer.Ordinal);
        foreach (var (key, value) in own ?? [])
        {
            merged[key] = value;
        }

        return merged;
    }

    private static Dictionary<string, EmptyObject>? Union(IEnumerable<string>? own, IEnumerable<string>? image)
    {
        var keys = (own ?? []).Concat(image ?? []).Distinct(StringComparer.Ordinal).ToList();
        return keys.Count == 0 ? null : keys.ToDictionary(key => key, _ => new EmptyObject(), StringComparer.Ordinal);
    }

    private static HealthConfig? Healthcheck(HealthConfig? own, OciHealthcheck? image)
    {
        if (own is { Test: ["NONE", ..] } || image?.Test is not { Length: > 0 })
        {
            return own;
        }

        return new HealthConfig
        {
            Test = own?.Test is { Count: > 0 } ? own.Test : [.. image.Test],
            Interval = OrImage(own?.Interval, image.Interval),
            Timeout = OrImage(own?.Timeout, image.Timeout),
            StartPeriod = OrImage(own?.StartPeriod, image.StartPeriod),
            StartInterval = OrImage(own?.StartInterval, image.StartInterval),
            Retries = own?.Retries is > 0 ? own.Retries : image.Retries,
        };

        static long? OrImage(long? mine, long? other) => mine is > 0 ? mine : other;
    }
}
