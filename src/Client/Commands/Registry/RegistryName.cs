using Berth.Shared.References;

namespace Berth.Client.Commands.Registry;

/// <summary>A registry as people write it, as the domain that image names have.</summary>
internal static class RegistryName
{
    /// <param name="text">A host, a URL, or nothing for Docker Hub.</param>
    public static string Parse(string text)
    {
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        var host = (scheme < 0 ? text : text[(scheme + 3)..]).Split('/')[0];
        return host is "" or "index.docker.io" or "registry-1.docker.io" ? ImageReference.DefaultDomain : host;
    }
}
