using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>What resolv.conf(5) says.</summary>
/// <param name="Other">Lines that are none of these, such as "sortlist …".</param>
internal sealed record ResolverConfiguration(
    IReadOnlyList<IPAddress> Nameservers, IReadOnlyList<string> Search, IReadOnlyList<string> Options, IReadOnlyList<string> Other)
{
    /// <summary>Where this was read; only for a comment.</summary>
    public string Source { get; init; } = HostFile;

    public const string HostFile = "/etc/resolv.conf";
    private const string ResolvedFile = "/run/systemd/resolve/resolv.conf";

    /// <summary>The host's configuration; where that only points to systemd-resolved's stub, what the stub itself asks.</summary>
    public static ResolverConfiguration ReadHost()
    {
        var host = ReadFile(HostFile);
        return host.Nameservers is [var only] && only.Equals(IPAddress.Parse("127.0.0.53")) && File.Exists(ResolvedFile) ? ReadFile(ResolvedFile) : host;
    }

    /// <returns>Empty when there is no such file.</returns>
    public static ResolverConfiguration ReadFile(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path)) with { Source = path };
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ResolverConfiguration([], [], [], []) { Source = path }; // a host without resolvers
        }
    }

    public static ResolverConfiguration Parse(string text)
    {
        var servers = new List<IPAddress>();
        string[] search = [];
        var options = new List<string>();
        var other = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case [] or [['#' or ';', ..], ..]:
                    break;
                case ["nameserver", var server, ..]:
                    // A link-local server carries its interface's name, which this host may no longer have.
                    if (IPAddress.TryParse(server, out var address) || IPAddress.TryParse(server.Split('%')[0], out address))
                    {
                        servers.Add(address);
                    }

                    break;
                case ["search" or "domain", .. var domains]: search = domains; break; // the last one counts
                case ["options", .. var values]: options.AddRange(values); break;
                default: other.Add(line.TrimEnd('\r')); break;
            }
        }

        return new ResolverConfiguration(servers, search, options, other);
    }
}

/// <summary>What takes the place of the host's lines, each kind on its own; empty: the host's.</summary>
internal sealed record ResolverOverrides(IReadOnlyList<string> Servers, IReadOnlyList<string> Search, IReadOnlyList<string> Options)
{
    public bool IsEmpty => Servers.Count == 0 && Search.Count == 0 && Options.Count == 0;
}

/// <summary>From where a container asks.</summary>
internal enum ResolverPlace
{
    /// <summary>The host's namespace, where the host's loopback servers are too.</summary>
    Host,

    /// <summary>A namespace of its own without a name server.</summary>
    Container,

    /// <summary>A namespace of its own with Berth's name server at 127.0.0.11.</summary>
    NameService,
}
