using System.Globalization;
using Berth.Shared.Linux;

namespace Berth.Daemon.Containers.Lifecycle;

/// <summary>
/// Which process supervises a container, on disk before it is told to launch: a daemon that died in the middle of a start finds by it
/// what it may have left running. The start time tells a process from another one with the same number.
/// </summary>
internal static class SupervisorPidFile
{
    public static void Write(string path, int pid)
        => File.WriteAllText(path, string.Create(CultureInfo.InvariantCulture, $"{pid} {StartTime(pid)}"));

    /// <summary>Ends the supervisor of the file, if it still runs: its container dies with it.</summary>
    public static void Kill(string path)
    {
        if (!File.Exists(path))
        {
            return;
        }

        var parts = File.ReadAllText(path).Split(' ');
        if (parts.Length != 2 || !int.TryParse(parts[0], CultureInfo.InvariantCulture, out var pid) || StartTime(pid) is not { } time || time != parts[1])
        {
            return;
        }

        try
        {
            using var process = Processes.OpenPid(pid);
            if (StartTime(pid) == parts[1]) // still the same, and now it can't be taken for another one
            {
                Processes.TrySignal(process, Signals.Kill);
            }
        }
        catch (ErrnoException gone) when (gone.Errno == Errno.ESRCH)
        {
            // Ended since.
        }
    }

    /// <summary>Field 22 of /proc/PID/stat, proc_pid_stat(5); null when there is no such process.</summary>
    private static string? StartTime(int pid)
    {
        var stat = KernelFiles.ReadTextOrNull(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/stat"));

        // The name in parentheses may hold anything: fields are counted from its end.
        return stat?[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
    }
}
