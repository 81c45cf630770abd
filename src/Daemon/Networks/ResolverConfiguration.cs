using System.Net;

namespace Berth.Daemon.Networks;

/// <summary>What resolv.conf(5) says.</summary>
internal sealed record ResolverConfiguration(IReadOnlyList<IPAddress> Nameservers, IReadOnlyList<string> Search, IReadOnlyList<string> Options)
{
    private const string HostFile = "/etc/resolv.conf";
    private const string ResolvedFile = "/run/systemd/resolve/resolv.conf";

    /// <summary>The host's configuration; where that only points to systemd-resolved's stub, what the stub itself asks.</summary>
    public static ResolverConfiguration ReadHost()
    {
        var host = ReadFile(HostFile);
        return host.Nameservers is [var only] && only.Equals(IPAddress.Parse("127.0.0.53")) && File.Exists(ResolvedFile) ? ReadFile(ResolvedFile) : host;
    }

    public static ResolverConfiguration Parse(string text)
    {
        var servers = new List<IPAddress>();
        string[] search = [];
        var options = new List<string>();
        foreach (var line in text.Split('\n'))
        {
            var words = line.Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
            switch (words)
            {
                case ["nameserver", var server, ..]:
                    // A link-local server carries its interface's name, which means nothing inside.
                    if (IPAddress.TryParse(server.Split('%')[0], out var address))
                    {
                        servers.Add(address);
                    }

                    break;
                case ["search" or "domain", .. var domains]: search = domains; break; // the last one counts
                case ["options", .. var values]: options.AddRange(values); break;
            }
        }

        return new ResolverConfiguration(servers, search, options);
    }

    /// <returns>Empty when there is no such file.</returns>
    public static ResolverConfiguration ReadFile(string path)
    {
        try
        {
            return Parse(File.ReadAllText(path));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return new ResolverConfiguration([], [], []); // a host without resolvers
        }
    }
}
