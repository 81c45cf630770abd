using System.Globalization;
using Berth.Shared.Api;

namespace Berth.Daemon.Containers.Stats;

/// <summary>Traffic of the interfaces that a process sees, proc_pid_net(5): no entering of its namespace needed.</summary>
internal static class InterfaceTraffic
{
    /// <returns>By interface name, without the loopback; null when the process has gone.</returns>
    public static Dictionary<string, NetworkStats>? Read(int pid)
    {
        try
        {
            return Parse(File.ReadLines($"/proc/{pid}/net/dev"));
        }
        catch (IOException)
        {
            return null;
        }
    }

    internal static Dictionary<string, NetworkStats> Parse(IEnumerable<string> lines)
    {
        var interfaces = new Dictionary<string, NetworkStats>();
        foreach (var line in lines.Skip(2)) // two lines of headings
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var name = colon < 0 ? "lo" : line[..colon].Trim();
            if (name == "lo")
            {
                continue;
            }

            // receive: bytes packets errs drop fifo frame compressed multicast; transmit: bytes packets errs drop ...
            var fields = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            ulong Field(int index) => ulong.Parse(fields[index], CultureInfo.InvariantCulture);
            interfaces[name] = new NetworkStats
            {
                Rx_bytes = Field(0),
                Rx_packets = Field(1),
                Rx_errors = Field(2),
                Rx_dropped = Field(3),
                Tx_bytes = Field(8),
                Tx_packets = Field(9),
                Tx_errors = Field(10),
                Tx_dropped = Field(11),
            };
        }

        return interfaces;
    }
}
