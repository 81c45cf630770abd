using System.Globalization;

namespace Berth.Daemon.Networks;

/// <summary>What has passed an interface since it was made, seen from inside its namespace.</summary>
internal sealed record InterfaceCounters(
    string Name, ulong RxBytes, ulong RxPackets, ulong RxErrors, ulong RxDropped, ulong TxBytes, ulong TxPackets, ulong TxErrors, ulong TxDropped)
{
    /// <summary>The interfaces of a process's network namespace, without lo; none once the process has ended. proc(5), /proc/pid/net/dev.</summary>
    public static IReadOnlyList<InterfaceCounters> Read(int processId)
    {
        try
        {
            return Parse(File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{processId}/net/dev")));
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException or IOException)
        {
            return []; // gone between two samples
        }
    }

    internal static IReadOnlyList<InterfaceCounters> Parse(string text)
    {
        var result = new List<InterfaceCounters>();
        foreach (var line in text.Split('\n'))
        {
            // "  eth0: bytes packets errs drop fifo frame compressed multicast  bytes packets errs drop fifo colls carrier compressed"
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var name = colon < 0 ? "lo" : line[..colon].Trim();
            if (name == "lo")
            {
                continue;
            }

            var fields = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 12)
            {
                ulong Field(int index) => ulong.TryParse(fields[index], NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : 0;
                result.Add(new InterfaceCounters(name, Field(0), Field(1), Field(2), Field(3), Field(8), Field(9), Field(10), Field(11)));
            }
        }

        return result;
    }
}
