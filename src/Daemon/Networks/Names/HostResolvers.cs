using System.Net;

namespace Berth.Daemon.Networks.Names;

/// <summary>The servers that the host itself asks, as its resolv.conf says now. For one thread.</summary>
internal sealed class HostResolvers(string file)
{
    private const long LookAgainMilliseconds = 500;

    private IReadOnlyList<IPAddress> _servers = [];
    private (DateTime Written, long Length) _version;
    private long _lookedAt = long.MinValue / 2;

    public HostResolvers() : this("/etc/resolv.conf")
    {
    }

    /// <summary>In the order of the file; looked up again when it has changed, half a second after the last look at the earliest.</summary>
    public IReadOnlyList<IPAddress> Current()
    {
        var now = Environment.TickCount64;
        if (now - _lookedAt < LookAgainMilliseconds)
        {
            return _servers;
        }

        _lookedAt = now;
        var info = new FileInfo(file); // follows links: it is often one
        var version = info.Exists ? (File.ResolveLinkTarget(file, returnFinalTarget: true) is FileInfo target ? (target.LastWriteTimeUtc, target.Length) : (info.LastWriteTimeUtc, info.Length)) : default;
        if (version == _version && version != default)
        {
            return _servers;
        }

        _version = version;
        // The host's stub resolver itself is asked, since it is the host that asks.
        var named = ResolverConfiguration.ReadFile(file).Nameservers;
        _servers = named.Count > 0 ? named : ContainerFiles.PublicResolvers;
        return _servers;
    }
}
