namespace Berth.Runtime.Security;

/// <summary>Capability names and their bits, linux/capability.h.</summary>
internal static class CapabilitySet
{
    private static readonly string[] Names =
    [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
        "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
        "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
        "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
    ];

    public const int SetPcapBit = 8, SysAdminBit = 21, SysResourceBit = 24;

    public static IEnumerable<string> AllNames => Names.Select(name => "CAP_" + name);

    public static int Known => Names.Length;

    /// <summary>The name's bit; null for a name that no kernel has.</summary>
    public static int? BitOf(string name)
    {
        const string prefix = "CAP_";
        var bare = name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase) ? name.AsSpan(prefix.Length) : name;
        for (var i = 0; i < Names.Length; i++)
        {
            if (bare.Equals(Names[i], StringComparison.OrdinalIgnoreCase))
            {
                return i;
            }
        }

        return null;
    }

    public static string NamesOf(ulong set) => string.Join(", ", Enumerable.Range(0, 64).Where(bit => (set >> bit & 1) != 0).Select(NameOf));

    private static string NameOf(int bit) => bit < Names.Length ? "CAP_" + Names[bit] : $"capability {bit}";
}
