using System.Globalization;

namespace Berth.Daemon.Containers.Top;

/// <summary>One column of a process list.</summary>
/// <param name="Title">As ps(1) titles it.</param>
internal sealed record PsColumn(string Title, Func<ProcessFacts, PsHost, string> Value)
{
    /// <summary>ps's names of columns, and the columns.</summary>
    private static readonly Dictionary<string, PsColumn> Known = Build();

    /// <summary>-f</summary>
    public static PsColumn[] Full { get; } =
    [
        Titled("UID", "user"), Known["pid"], Known["ppid"], Known["c"], Known["stime"], Titled("TTY", "tty"), Titled("TIME", "time"), Known["cmd"],
    ];

    /// <summary>Without any option.</summary>
    public static PsColumn[] Brief { get; } = [Known["pid"], Titled("TTY", "tty"), Titled("TIME", "time"), Titled("CMD", "comm")];

    /// <summary>-l</summary>
    public static PsColumn[] Long { get; } =
    [
        Known["s"], Known["uid"], Known["pid"], Known["ppid"], Known["c"], Known["pri"], Known["ni"], Known["rss"], Titled("TTY", "tty"), Titled("TIME", "time"), Titled("CMD", "comm"),
    ];

    /// <summary>BSD's u.</summary>
    public static PsColumn[] User { get; } =
    [
        Known["user"], Known["pid"], Known["%cpu"], Known["%mem"], Known["vsz"], Known["rss"], Titled("TTY", "tty"), Known["stat"], Titled("START", "stime"), Titled("TIME", "bsdtime"), Known["command"],
    ];

    public static PsColumn? Find(string name) => Known.GetValueOrDefault(name);

    public static IEnumerable<string> Names => Known.Keys;

    private static PsColumn Titled(string title, string name) => Known[name] with { Title = title };

    private static Dictionary<string, PsColumn> Build()
    {
        var columns = new Dictionary<string, PsColumn>(StringComparer.Ordinal);
        void Add(string title, Func<ProcessFacts, PsHost, string> value, params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                columns[name] = new PsColumn(title, value);
            }
        }

        Add("PID", (p, _) => Number(p.Pid), "pid");
        Add("PPID", (p, _) => Number(p.ParentPid), "ppid");
        Add("PGID", (p, _) => Number(p.ProcessGroup), "pgid", "pgrp");
        Add("SID", (p, _) => Number(p.Session), "sid", "sess", "session");
        Add("USER", (p, host) => host.UserName(p.Uid), "user", "euser", "uname", "ruser");
        Add("UID", (p, _) => Number(p.Uid), "uid", "euid", "ruid");
        Add("GROUP", (p, host) => host.GroupName(p.Gid), "group", "egroup", "rgroup");
        Add("GID", (p, _) => Number(p.Gid), "gid", "egid", "rgid");
        Add("COMMAND", (p, _) => p.Name, "comm", "ucomm", "ucmd");
        Add("COMMAND", (p, _) => p.CommandLine, "args", "command");
        Add("CMD", (p, _) => p.CommandLine, "cmd");
        Add("TT", (p, _) => Tty(p.Terminal), "tty", "tt", "tname");
        Add("TIME", (p, _) => Clock(p.CpuTime), "time", "cputime");
        Add("TIME", (p, _) => string.Create(CultureInfo.InvariantCulture, $"{(long)p.CpuTime.TotalMinutes}:{p.CpuTime.Seconds:00}"), "bsdtime");
        Add("ELAPSED", (p, host) => Elapsed(host.Now - p.StartedAt), "etime");
        Add("ELAPSED", (p, host) => Number((long)(host.Now - p.StartedAt).TotalSeconds), "etimes");
        Add("STIME", (p, host) => StartTime(p.StartedAt, host.Now), "stime", "start", "start_time");
        Add("STARTED", (p, _) => p.StartedAt.ToString("ddd MMM dd HH:mm:ss yyyy", CultureInfo.InvariantCulture), "lstart");
        Add("S", (p, _) => p.State.ToString(), "s", "state");
        Add("STAT", (p, _) => Stat(p), "stat");
        Add("C", (p, host) => Number((long)Cpu(p, host)), "c", "cp");
        Add("%CPU", (p, host) => Cpu(p, host).ToString("0.0", CultureInfo.InvariantCulture), "%cpu", "pcpu");
        Add("%MEM", (p, host) => (100.0 * p.ResidentKilobytes / Math.Max(1, host.MemoryKilobytes)).ToString("0.0", CultureInfo.InvariantCulture), "%mem", "pmem");
        Add("RSS", (p, _) => Number(p.ResidentKilobytes), "rss", "rssize", "rsz");
        Add("VSZ", (p, _) => Number(p.VirtualKilobytes), "vsz", "vsize");
        Add("NI", (p, _) => Number(p.Nice), "ni", "nice");
        Add("PRI", (p, _) => Number(39 - p.Priority), "pri");
        Add("NLWP", (p, _) => Number(p.Threads), "nlwp", "thcount");
        return columns;
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Clock(TimeSpan time)
    {
        var days = time.Days > 0 ? string.Create(CultureInfo.InvariantCulture, $"{time.Days}-") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{days}{time.Hours:00}:{time.Minutes:00}:{time.Seconds:00}");
    }

    private static string Elapsed(TimeSpan time)
        => time.TotalHours >= 1 ? Clock(time) : string.Create(CultureInfo.InvariantCulture, $"{time.Minutes:00}:{time.Seconds:00}");

    private static string StartTime(DateTimeOffset started, DateTimeOffset now)
        => started.Year != now.Year ? started.ToString("yyyy", CultureInfo.InvariantCulture)
            : started.Date != now.Date ? started.ToString("MMMdd", CultureInfo.InvariantCulture)
            : started.ToString("HH:mm", CultureInfo.InvariantCulture);

    private static double Cpu(ProcessFacts process, PsHost host)
    {
        var lived = (host.Now - process.StartedAt).TotalSeconds;
        return lived <= 0 ? 0 : 100 * process.CpuTime.TotalSeconds / lived;
    }

    /// <summary>Pseudo-terminals have the major numbers 136 to 143; the kernel packs the minor's high bits above the major.</summary>
    private static string Tty(int number)
    {
        var (major, minor) = ((number >> 8) & 0xfff, (number & 0xff) | ((number >> 12) & 0xfff00));
        return number == 0 ? "?"
            : major is >= 136 and <= 143 ? string.Create(CultureInfo.InvariantCulture, $"pts/{((major - 136) * 256) + minor}")
            : major == 4 ? string.Create(CultureInfo.InvariantCulture, $"tty{minor}")
            : "?";
    }

    private static string Stat(ProcessFacts process)
        => string.Concat(
            process.State.ToString(),
            process.Nice < 0 ? "<" : process.Nice > 0 ? "N" : "",
            process.HasLockedPages ? "L" : "",
            process.Session == process.Pid ? "s" : "",
            process.Threads > 1 ? "l" : "",
            process.Terminal != 0 && process.ForegroundGroup == process.ProcessGroup ? "+" : "");
}
