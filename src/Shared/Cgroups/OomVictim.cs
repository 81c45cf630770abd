using System.Text;
using Berth.Shared.Linux;

namespace Berth.Shared.Cgroups;

/// <summary>Whom the kernel killed for want of memory, as its log tells: the cgroup files only count.</summary>
public static class OomVictim
{
    /// <summary>The last process killed for the limit of this cgroup, or in one below it.</summary>
    /// <param name="cgroupPath">From the hierarchy's root.</param>
    /// <returns>"name (pid 123)", with the pid of the outermost pid namespace; null when the log is closed to us or has moved on.</returns>
    public static string? Find(string cgroupPath)
    {
        try
        {
            // Each read(2) gives one record, from the oldest that is still there.
            using var log = KernelFiles.OpenForPolling("/dev/kmsg");
            string? victim = null;
            var buffer = new byte[8192];
            while (Next(log, buffer) is { } length)
            {
                victim = Parse(Encoding.UTF8.GetString(buffer, 0, length), cgroupPath) ?? victim;
            }

            return victim;
        }
        catch (ErrnoException e) when (e.Errno is Errno.ENOENT or Errno.EPERM or Errno.EACCES)
        {
            return null; // no /dev/kmsg, or kernel.dmesg_restrict and no CAP_SYSLOG: the victim stays unnamed
        }
    }

    private static int? Next(Microsoft.Win32.SafeHandles.SafeFileHandle log, byte[] buffer)
    {
        while (true)
        {
            try
            {
                return KernelFiles.ReadOnce(log, buffer) is > 0 and var length ? length : null;
            }
            catch (ErrnoException e) when (e.Errno == Errno.EPIPE)
            {
                // Records were overwritten under us; the next read goes on with the oldest left.
            }
        }
    }

    /// <summary>oom-kill:constraint=CONSTRAINT_MEMCG,…,oom_memcg=/a,task_memcg=/a/b,task=name,pid=1,uid=0</summary>
    internal static string? Parse(string record, string cgroupPath)
    {
        var start = record.IndexOf("oom-kill:constraint=CONSTRAINT_MEMCG,", StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        var line = record[start..].Split('\n')[0];
        var taskCgroup = Between(line, ",task_memcg=", ",task=");
        var name = Between(line, ",task=", ",pid=");
        var pid = Between(line, ",pid=", ",uid=");
        return taskCgroup is not null && (taskCgroup == cgroupPath || taskCgroup.StartsWith(cgroupPath + "/", StringComparison.Ordinal)) && name is not null && pid is not null
            ? $"{name} (pid {pid})"
            : null;
    }

    private static string? Between(string line, string before, string after)
    {
        var start = line.LastIndexOf(before, StringComparison.Ordinal);
        if (start < 0)
        {
            return null;
        }

        start += before.Length;
        var end = line.IndexOf(after, start, StringComparison.Ordinal);
        return end < 0 ? null : line[start..end];
    }
}
