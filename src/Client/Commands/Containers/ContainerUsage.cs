using System.Globalization;
using System.Text.Json;
using Berth.Client.Output;

namespace Berth.Client.Commands.Containers;

/// <summary>One sample of a container's use of the machine, worked out from the daemon's counters.</summary>
internal sealed class ContainerUsage
{
    private const int ShortId = 12;
    private const string Unknown = "--";

    public static readonly IReadOnlyList<Column<ContainerUsage>> Columns =
    [
        new("ID", "CONTAINER ID", static usage => usage._truncates && usage._id.Length > ShortId ? usage._id[..ShortId] : usage._id),
        new("Container", "CONTAINER", static usage => usage._asked),
        new("Name", "NAME", static usage => usage._name),
        new("CPUPerc", "CPU %", static usage => usage._isKnown ? Percent(usage.CpuPercent) : Unknown),
        new("MemUsage", "MEM USAGE / LIMIT", static usage => usage._isKnown ? $"{Quantities.BinarySize(usage.MemoryBytes)} / {Quantities.BinarySize(usage._memoryLimit)}" : $"{Unknown} / {Unknown}"),
        new("MemPerc", "MEM %", static usage => usage._isKnown ? Percent(usage._memoryLimit == 0 ? 0 : 100.0 * usage.MemoryBytes / usage._memoryLimit) : Unknown),
        new("NetIO", "NET I/O", static usage => usage._isKnown ? Pair(usage._received, usage._sent) : Unknown),
        new("BlockIO", "BLOCK I/O", static usage => usage._isKnown ? Pair(usage._read, usage._written) : Unknown),
        new("PIDs", "PIDS", static usage => usage._isKnown ? usage._processes.ToString(CultureInfo.InvariantCulture) : Unknown),
    ];

    private readonly string _asked;
    private readonly string _id;
    private readonly string _name;
    private readonly bool _truncates;
    private readonly bool _isKnown;
    private readonly double _memoryLimit;
    private readonly double _received;
    private readonly double _sent;
    private readonly double _read;
    private readonly double _written;
    private readonly long _processes;

    /// <param name="stats">The daemon's answer; nothing for a container that does not run.</param>
    public ContainerUsage(string asked, JsonElement stats, bool truncates)
    {
        _asked = asked;
        _truncates = truncates;
        _id = stats.Text("id") is { Length: > 0 } id ? id : asked;
        _name = stats.Text("name").TrimStart('/') is { Length: > 0 } name ? name : Unknown;
        _isKnown = stats.At("pids_stats").At("current").ValueKind == JsonValueKind.Number || stats.At("memory_stats").At("usage").ValueKind == JsonValueKind.Number;
        CpuPercent = ReadCpuPercent(stats);
        MemoryBytes = ReadMemory(stats.At("memory_stats"));
        _memoryLimit = stats.At("memory_stats").Real("limit");
        foreach (var network in stats.Members("networks"))
        {
            _received += network.Value.Real("rx_bytes");
            _sent += network.Value.Real("tx_bytes");
        }

        foreach (var entry in stats.At("blkio_stats").Items("io_service_bytes_recursive"))
        {
            var isRead = entry.Text("op").Equals("read", StringComparison.OrdinalIgnoreCase);
            var isWrite = entry.Text("op").Equals("write", StringComparison.OrdinalIgnoreCase);
            _read += isRead ? entry.Real("value") : 0;
            _written += isWrite ? entry.Real("value") : 0;
        }

        _processes = stats.At("pids_stats").Integer("current");
    }

    public double CpuPercent { get; }

    public double MemoryBytes { get; }

    /// <summary>The container's CPU time between two samples against the machine's, times the number of CPUs: 100% is one CPU.</summary>
    private static double ReadCpuPercent(JsonElement stats)
    {
        var now = stats.At("cpu_stats");
        var before = stats.At("precpu_stats");
        var used = now.At("cpu_usage").Real("total_usage") - before.At("cpu_usage").Real("total_usage");
        var passed = now.Real("system_cpu_usage") - before.Real("system_cpu_usage");
        var cpus = now.Integer("online_cpus") is > 0 and var online ? online : Math.Max(1, now.At("cpu_usage").Items("percpu_usage").Count());
        return used > 0 && passed > 0 ? used / passed * cpus * 100 : 0;
    }

    /// <summary>What the kernel could take back at once, cache that nobody has used lately, does not count; its name differs between cgroup versions.</summary>
    private static double ReadMemory(JsonElement memory)
    {
        var used = memory.Real("usage");
        var details = memory.At("stats");
        var cache = details.At("total_inactive_file").ValueKind == JsonValueKind.Number ? details.Real("total_inactive_file") : details.Real("inactive_file");
        return cache < used ? used - cache : used;
    }

    private static string Percent(double value) => value.ToString("0.00", CultureInfo.InvariantCulture) + "%";

    private static string Pair(double left, double right) => $"{Quantities.DecimalSize(left)} / {Quantities.DecimalSize(right)}";
}
