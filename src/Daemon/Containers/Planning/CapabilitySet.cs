using System.Collections.Frozen;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Planning;

/// <summary>capabilities(7): the kernel's names, and Docker's rules for which of them a container gets.</summary>
internal static class CapabilitySet
{
    /// <summary>By number, as in linux/capability.h.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP",
        "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER",
        "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
        "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP",
        "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF",
        "CAP_CHECKPOINT_RESTORE",
    ];

    private static readonly FrozenSet<string> Known = Names.ToFrozenSet(StringComparer.Ordinal);

    public static IReadOnlyList<string> Default { get; } =
    [
        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID", "CAP_SETFCAP",
        "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE",
    ];

    /// <param name="available">What this daemon can give.</param>
    /// <exception cref="EngineException">InvalidArgument: an unknown name, or one that can't be given here.</exception>
    public static IReadOnlyList<string> Compute(IReadOnlyList<string>? add, IReadOnlyList<string>? drop, bool privileged, IReadOnlySet<string> available)
    {
        var added = Normalize("CapAdd", add, available);
        var dropped = Normalize("CapDrop", drop, available: null);
        if (privileged)
        {
            return [.. Names.Where(available.Contains)];
        }

        var start = added.Contains("ALL") ? Names
            : dropped.Contains("ALL") ? []
            : Default;
        var kept = start.Where(name => !dropped.Contains(name)).Where(available.Contains);
        return [.. kept.Concat(added.Where(name => name != "ALL")).Distinct(StringComparer.Ordinal)];
    }

    private static List<string> Normalize(string field, IReadOnlyList<string>? names, IReadOnlySet<string>? available)
    {
        var result = new List<string>();
        foreach (var given in names ?? [])
        {
            var upper = given.ToUpperInvariant();
            if (upper is "ALL" or "CAP_ALL")
            {
                result.Add("ALL");
                continue;
            }

            var name = upper.StartsWith("CAP_", StringComparison.Ordinal) ? upper : $"CAP_{upper}";
            if (!Known.Contains(name))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid {field}: unknown capability: \"{given}\"");
            }

            if (available?.Contains(name) == false)
            {
                throw new EngineException(ErrorKind.InvalidArgument,
                    $"invalid {field}: capability not supported by your kernel or not available in the current environment: \"{name}\"");
            }

            result.Add(name);
        }

        return result;
    }
}
