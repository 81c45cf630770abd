using System.Runtime.InteropServices;
using Berth.Shared.Oci;

namespace Berth.Shared.Seccomp;

/// <summary>The seccomp profile of a container that asks for none: lets through what Docker's lets through, and answers EPERM to the rest.</summary>
public static partial class DefaultSeccompProfile
{
    private const uint EPERM = 1, ENOSYS = 38;

    /// <summary>CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET; linux/sched.h.</summary>
    private const ulong NamespaceFlags = 0x0002_0000 | 0x0200_0000 | 0x0400_0000 | 0x0800_0000 | 0x1000_0000 | 0x2000_0000 | 0x4000_0000;

    /// <param name="capabilities">The container's bounding set, by names such as "CAP_SYS_ADMIN": each opens the calls that make no sense without it.</param>
    /// <param name="kernel">Null: the running one.</param>
    /// <param name="machine">Null: this one.</param>
    public static OciSeccomp For(IReadOnlySet<string> capabilities, Version? kernel = null, Architecture? machine = null)
    {
        var architecture = machine ?? RuntimeInformation.OSArchitecture;
        var rules = new List<OciSyscallRule> { Allow(AlwaysAllowed) };
        if ((kernel ?? Environment.OSVersion.Version) >= new Version(4, 8))
        {
            rules.Add(Allow(Tracing));
        }

        if (architecture == Architecture.Arm64)
        {
            rules.Add(Allow(OfArm));
        }

        if (architecture == Architecture.X64)
        {
            rules.Add(Allow(OfX86));
        }

        AddSocket(rules);
        foreach (var personality in s_personalities)
        {
            rules.Add(Allow("personality", new OciSyscallArgument(0, personality, null, "SCMP_CMP_EQ")));
        }

        foreach (var (capability, names) in ByCapability)
        {
            if (capabilities.Contains(capability))
            {
                rules.Add(Allow(names));
            }
        }

        if (!capabilities.Contains("CAP_SYS_ADMIN"))
        {
            // clone may make processes and threads, but no namespaces.
            rules.Add(Allow("clone", new OciSyscallArgument(0, NamespaceFlags, 0, "SCMP_CMP_MASKED_EQ")));

            // clone3 has its flags in memory, where a filter can't look. Its absence makes glibc fall back to clone; EPERM would make it give up.
            rules.Add(new OciSyscallRule { Names = ["clone3"], Action = "SCMP_ACT_ERRNO", ErrnoRet = ENOSYS });
        }

        return new OciSeccomp
        {
            DefaultAction = "SCMP_ACT_ERRNO",
            DefaultErrnoRet = EPERM,
            Architectures = Architectures(architecture),
            Syscalls = [.. rules],
        };
    }

    /// <summary>The machine's own architecture, and those whose programs its kernel runs as well.</summary>
    private static string[] Architectures(Architecture machine) => machine switch
    {
        Architecture.X64 => ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        Architecture.Arm64 => ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
        _ => throw new PlatformNotSupportedException($"No seccomp profile for {machine}"),
    };

    /// <remarks>
    /// One condition per rule: where a rule has two on one argument, runtimes read them as alternatives (runc#2735), so no rule here has.
    /// </remarks>
    private static void AddSocket(List<OciSyscallRule> rules)
    {
        rules.Add(Allow("socket", new OciSyscallArgument(0, s_closedFamilies[0], null, "SCMP_CMP_LT")));
        for (var family = s_closedFamilies[0]; family < s_closedFamilies[^1]; family++)
        {
            if (!s_closedFamilies.Contains(family))
            {
                rules.Add(Allow("socket", new OciSyscallArgument(0, family, null, "SCMP_CMP_EQ")));
            }
        }

        rules.Add(Allow("socket", new OciSyscallArgument(0, s_closedFamilies[^1], null, "SCMP_CMP_GT")));
    }

    private static OciSyscallRule Allow(string[] names) => new() { Names = names, Action = "SCMP_ACT_ALLOW" };

    private static OciSyscallRule Allow(string name, OciSyscallArgument argument) => new() { Names = [name], Action = "SCMP_ACT_ALLOW", Args = [argument] };
}
