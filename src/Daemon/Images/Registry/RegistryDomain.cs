using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Registry;

/// <summary>A registry as clients name it when they sign in: a host, a URL, or one of Docker Hub's old addresses.</summary>
internal static class RegistryDomain
{
    private static readonly string[] Hub = ["docker.io", "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"];

    /// <summary>The domain that image names have for it.</summary>
    /// <param name="address">Null or empty: Docker Hub.</param>
    /// <exception cref="EngineException">InvalidArgument: not a host.</exception>
    public static string Parse(string? address)
    {
        var text = (address ?? "").Trim();
        var host = text.Contains("://", StringComparison.Ordinal) ? text[(text.IndexOf("://", StringComparison.Ordinal) + 3)..] : text;
        host = host.Split('/')[0];
        if (host.Length == 0 || Hub.Contains(host))
        {
            return ImageReference.DefaultDomain;
        }

        return Uri.TryCreate($"https://{host}/", UriKind.Absolute, out var url) && url.Authority.Length > 0 && url.UserInfo.Length == 0
            ? host
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid server address \"{address}\": it is a host, such as registry.example.org:5000");
    }
}
