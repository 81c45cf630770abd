using System.Net;

namespace Berth.Daemon.Networks.Names;

/// <summary>Remembers for a while which servers did not answer, so that not every question waits for them. For one thread.</summary>
internal sealed class ServerHealth
{
    private const int MostRemembered = 256;
    private const long RememberedMilliseconds = 15_000;

    private readonly Dictionary<IPAddress, long> _silentUntil = [];

    /// <summary>Which to ask first: the first in order that has answered, or is not known to be silent.</summary>
    public int FirstOf(IReadOnlyList<IPAddress> servers, int most)
    {
        var now = Environment.TickCount64;
        for (var i = 0; i < servers.Count && i < most; i++)
        {
            if (!_silentUntil.TryGetValue(servers[i], out var until) || until <= now)
            {
                return i;
            }
        }

        return 0;
    }

    public void Failed(IPAddress server)
    {
        if (_silentUntil.Count >= MostRemembered)
        {
            _silentUntil.Clear(); // it only costs waiting
        }

        _silentUntil[server] = Environment.TickCount64 + RememberedMilliseconds;
    }

    public void Answered(IPAddress server) => _silentUntil.Remove(server);
}
