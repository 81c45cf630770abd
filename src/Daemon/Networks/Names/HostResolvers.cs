using System.Net;

namespace Berth.Daemon.Networks.Names;

/// <summary>The servers that the host itself asks, as its resolv.conf says now. For one thread.</summary>
internal sealed class HostResolvers(string file)
{
    private const long LookAgainMilliseconds = 500;

    private IReadOnlyList<IPAddress> _servers = [];
    private (DateTime Written, long Length) _version;
    private long _lookedAt = long.MinValue / 2;

    /// <summary>In the order of the file; looked up again when it has changed, half a second after the last look at the earliest.</summary>
    public IReadOnlyList<IPAddress> Current()
    {
        var now = Environment.TickCount64;
        if (now - _lookedAt < LookAgainMilliseconds)
        {
            return _servers;
        }

        _lookedAt = now;
        var version = Version();
        if (version == _version && version != default)
        {
            return _servers;
        }

        _version = version;
        // The host's stub resolver itself is asked, since it is the host that asks.
        var named = ResolverConfiguration.ReadFile(file).Nameservers;
        _servers = named.Count > 0 ? named : ResolvConfFile.PublicServers;
        return _servers;
    }

    private (DateTime Written, long Length) Version()
    {
        // Often a link; it is the file behind it that changes.
        var info = File.ResolveLinkTarget(file, returnFinalTarget: true) as FileInfo ?? new FileInfo(file);
        return info.Exists ? (info.LastWriteTimeUtc, info.Length) : default;
    }
}
