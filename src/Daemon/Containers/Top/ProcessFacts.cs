using System.Globalization;
using System.Text;

namespace Berth.Daemon.Containers.Top;

/// <summary>What the kernel says about one process, proc_pid_stat(5) and proc_pid_status(5).</summary>
internal sealed record ProcessFacts
{
    private const long TicksPerSecond = 100; // USER_HZ, on every architecture that we run on

    public required int Pid { get; init; }

    public required int ParentPid { get; init; }

    public required int ProcessGroup { get; init; }

    public required int Session { get; init; }

    public required char State { get; init; }

    /// <summary>Major and minor number of the terminal; 0: none.</summary>
    public required int Terminal { get; init; }

    /// <summary>The foreground process group of its terminal.</summary>
    public required int ForegroundGroup { get; init; }

    public required TimeSpan CpuTime { get; init; }

    public required long Priority { get; init; }

    public required long Nice { get; init; }

    public required int Threads { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required long VirtualKilobytes { get; init; }

    public required long ResidentKilobytes { get; init; }

    public required bool HasLockedPages { get; init; }

    public required uint Uid { get; init; }

    public required uint Gid { get; init; }

    /// <summary>The program's name, as the process itself may set it.</summary>
    public required string Name { get; init; }

    /// <summary>Program and arguments; the name in brackets for what has none, such as a zombie.</summary>
    public required string CommandLine { get; init; }

    /// <returns>Null when it has gone.</returns>
    public static ProcessFacts? Read(int pid, DateTimeOffset bootTime)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var status = File.ReadLines($"/proc/{pid}/status").ToList();
            return Parse(pid, stat, status, File.ReadAllBytes($"/proc/{pid}/cmdline"), bootTime);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>When the host started.</summary>
    public static DateTimeOffset ReadBootTime()
    {
        var line = File.ReadLines("/proc/stat").First(line => line.StartsWith("btime ", StringComparison.Ordinal));
        return DateTimeOffset.FromUnixTimeSeconds(long.Parse(line.AsSpan("btime ".Length), CultureInfo.InvariantCulture));
    }

    internal static ProcessFacts Parse(int pid, string stat, IReadOnlyList<string> status, byte[] commandLine, DateTimeOffset bootTime)
    {
        // The name is in parentheses and may hold any character, parentheses among them.
        var open = stat.IndexOf('(', StringComparison.Ordinal);
        var close = stat.LastIndexOf(')');
        var name = stat[(open + 1)..close];
        var fields = stat[(close + 2)..].TrimEnd().Split(' '); // from field 3, the state, on
        long Field(int number) => long.Parse(fields[number - 3], CultureInfo.InvariantCulture);
        var text = Encoding.UTF8.GetString(commandLine).TrimEnd('\0').Replace('\0', ' ');
        return new ProcessFacts
        {
            Pid = pid,
            State = fields[0][0],
            ParentPid = (int)Field(4),
            ProcessGroup = (int)Field(5),
            Session = (int)Field(6),
            Terminal = (int)Field(7),
            ForegroundGroup = (int)Field(8),
            CpuTime = TimeSpan.FromSeconds((double)(Field(14) + Field(15)) / TicksPerSecond),
            Priority = Field(18),
            Nice = Field(19),
            Threads = (int)Field(20),
            StartedAt = bootTime + TimeSpan.FromSeconds((double)Field(22) / TicksPerSecond),
            VirtualKilobytes = Field(23) / 1024,
            ResidentKilobytes = Field(24) * (Environment.SystemPageSize / 1024),
            HasLockedPages = Status(status, "VmLck:") > 0,
            Uid = (uint)Status(status, "Uid:", column: 1), // the effective one
            Gid = (uint)Status(status, "Gid:", column: 1),
            Name = name,
            CommandLine = text.Length > 0 ? text : $"[{name}]",
        };
    }

    private static long Status(IReadOnlyList<string> status, string key, int column = 0)
    {
        foreach (var line in status)
        {
            if (line.StartsWith(key, StringComparison.Ordinal))
            {
                return long.Parse(line[key.Length..].Split(['\t', ' '], StringSplitOptions.RemoveEmptyEntries)[column], CultureInfo.InvariantCulture);
            }
        }

        return 0;
    }
}
