using System.Globalization;
using Berth.Shared.Linux;

namespace Berth.Shared.Cgroups;

/// <summary>Writes limits, and keeps the promise that none gets lost: what the kernel lacks becomes a warning, what it refuses an error.</summary>
internal sealed class LimitWriter
{
    private readonly List<string> _warnings = [];

    public IReadOnlyList<string> Warnings => _warnings;

    public void Warn(string warning) => _warnings.Add(warning);

    /// <param name="directory">Null: the controller isn't mounted or enabled.</param>
    /// <param name="subject">What the user asked for, for the warning: "memory limit".</param>
    /// <returns>False when there is no such file, and a warning was added.</returns>
    public bool Set(string? directory, string file, string value, string subject, string? why = null)
    {
        if (directory is null)
        {
            Lacks(subject, file[..Math.Max(file.IndexOf('.'), 0)] + " controller");
            return false;
        }

        try
        {
            KernelFiles.WriteText($"{directory}/{file}", value);
            return true;
        }
        catch (ErrnoException e) when (e is { Errno: Errno.ENOENT, Call: "open" })
        {
            Lacks(subject, file);
            return false;
        }
        catch (ErrnoException e)
        {
            throw CgroupErrors.Refused(file, value, e, why);
        }
    }

    public bool Set(string? directory, string file, long value, string subject, string? why = null)
        => Set(directory, file, value.ToString(CultureInfo.InvariantCulture), subject, why);

    public bool Set(string? directory, string file, ulong value, string subject, string? why = null)
        => Set(directory, file, value.ToString(CultureInfo.InvariantCulture), subject, why);

    /// <summary>Tries one write; the errno when the kernel refuses, <see cref="Errno.None"/> when it took it.</summary>
    public static Errno Try(string directory, string file, string value)
    {
        try
        {
            KernelFiles.WriteText($"{directory}/{file}", value);
            return Errno.None;
        }
        catch (ErrnoException e)
        {
            return e.Errno;
        }
    }

    public void Lacks(string subject, string missing)
        => _warnings.Add($"{char.ToUpperInvariant(subject[0])}{subject[1..]} discarded: this kernel or its cgroup set-up has no {missing}");
}
