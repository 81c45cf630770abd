using System.Net;
using Berth.Shared.References;

namespace Berth.Daemon.Images.Registry;

/// <summary>One server to ask for a repository: the registry itself, or a mirror before it.</summary>
/// <param name="Authority">Host and port as in the URL.</param>
/// <param name="Prefix">Path before "/v2/", of a mirror; else empty.</param>
/// <param name="Insecure">May speak HTTP or show any certificate.</param>
/// <param name="Scheme">Given by a mirror's URL; null: to be found out.</param>
internal sealed record RegistryHost(string Authority, string Prefix, bool Insecure, bool IsMirror, string? Scheme)
{
    private const string HubAuthority = "registry-1.docker.io";

    public bool IsLoopback => IsLoopbackHost(HostOnly(Authority));

    /// <summary>The servers for a registry, in the order to ask them.</summary>
    public static IReadOnlyList<RegistryHost> For(string domain, ImagesOptions options)
    {
        var hosts = new List<RegistryHost>();
        if (domain == ImageReference.DefaultDomain)
        {
            foreach (var mirror in options.Mirrors.Select(url => new Uri(url)))
            {
                var insecure = mirror.Scheme == Uri.UriSchemeHttp || IsInsecure(mirror.Authority, options.InsecureRegistries);
                hosts.Add(new RegistryHost(mirror.Authority, mirror.AbsolutePath.TrimEnd('/'), insecure, IsMirror: true, mirror.Scheme));
            }

            hosts.Add(new RegistryHost(HubAuthority, "", Insecure: false, IsMirror: false, Uri.UriSchemeHttps));
            return hosts;
        }

        var isInsecure = IsInsecure(domain, options.InsecureRegistries);
        hosts.Add(new RegistryHost(domain, "", isInsecure, IsMirror: false, isInsecure ? null : Uri.UriSchemeHttps));
        return hosts;
    }

    /// <summary>Whether a registry is on this machine, or listed as one that need not be secure: by name, or by a range that its address is in.</summary>
    internal static bool IsInsecure(string authority, IReadOnlyList<string> listed)
    {
        var host = HostOnly(authority);
        return IsLoopbackHost(host) || listed.Any(entry =>
            entry == authority
            || entry == host
            || (IPNetwork.TryParse(entry, out var network) && IPAddress.TryParse(host, out var address) && network.Contains(address)));
    }

    private static bool IsLoopbackHost(string host)
        => host == "localhost" || host.EndsWith(".localhost", StringComparison.Ordinal) || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));

    private static string HostOnly(string authority)
    {
        if (authority.StartsWith('['))
        {
            return authority[1..Math.Max(1, authority.IndexOf(']', StringComparison.Ordinal))];
        }

        var colon = authority.LastIndexOf(':');
        return colon < 0 ? authority : authority[..colon];
    }
}
