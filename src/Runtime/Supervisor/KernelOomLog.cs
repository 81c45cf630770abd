using System.Text;
using Berth.Shared.Linux;
using Microsoft.Win32.SafeHandles;

namespace Berth.Runtime.Supervisor;

/// <summary>
/// Finds out from the kernel's log whom the kernel killed for want of memory. The line it looks for ends so:
/// oom-kill:constraint=CONSTRAINT_MEMCG,...,oom_memcg=/a,task_memcg=/a/b,task=name,pid=123,uid=0
/// </summary>
internal sealed class KernelOomLog : IDisposable
{
    private readonly SafeFileHandle? log;
    private readonly string cgroupPath;

    /// <summary>Looks at what is logged from now on.</summary>
    /// <param name="cgroupPath">The container's cgroup.</param>
    public KernelOomLog(string cgroupPath)
    {
        this.cgroupPath = cgroupPath;
        log = KernelLogFile.OpenAtEnd();
    }

    /// <summary>The last victim in the container's cgroup, "name (pid 123)"; null when the log does not tell, or may not be read.</summary>
    public string? ReadVictim()
    {
        if (log is null)
        {
            return null;
        }

        string? victim = null;
        var record = new byte[8192]; // the longest record that the kernel gives
        while (true)
        {
            var count = NonBlocking.Read(log, record);
            if (count > 0)
            {
                victim = ParseVictim(Encoding.UTF8.GetString(record, 0, count), cgroupPath) ?? victim;
            }
            else if (count != -(int)Errno.EPIPE) // EPIPE: the log overtook us; the next read goes on with the oldest record
            {
                return victim;
            }
        }
    }

    public void Dispose() => log?.Dispose();

    internal static string? ParseVictim(string record, string cgroupPath)
    {
        if (!record.Contains("oom-kill:", StringComparison.Ordinal)
            || Field(record, "task_memcg=") is not { } taskCgroup
            || !IsInside(taskCgroup, cgroupPath)
            || Field(record, ",task=") is not { } name
            || Field(record, ",pid=") is not { } pid)
        {
            return null;
        }

        return $"{name} (pid {pid})";
    }

    // The kernel counts from the root of the hierarchy; we may see only a part of it, whose path is missing in front of ours.
    private static bool IsInside(string taskCgroup, string cgroupPath)
        => $"{taskCgroup}/".Contains($"{cgroupPath.TrimEnd('/')}/", StringComparison.Ordinal);

    private static string? Field(string record, string name)
    {
        var start = record.IndexOf(name, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        start += name.Length;
        var end = record.AsSpan(start).IndexOfAny(',', '\n');
        return end < 0 ? record[start..] : record.Substring(start, end);
    }
}
