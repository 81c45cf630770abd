using System.Runtime.InteropServices;
using Berth.Shared.Oci;
using Berth.Shared.Seccomp;

namespace Berth.Shared.Tests.Seccomp;

public sealed class DefaultSeccompProfileTests
{
    private static readonly HashSet<string> s_none = [];

    private static HashSet<string> Allowed(OciSeccomp profile)
        => [.. profile.Syscalls!.Where(rule => rule is { Action: "SCMP_ACT_ALLOW", Args: null }).SelectMany(rule => rule.Names)];

    [Fact]
    public void Default_NoCapabilities_ClosesNamespacesMountsAndModules()
    {
        var profile = DefaultSeccompProfile.For(s_none, machine: Architecture.X64);
        var allowed = Allowed(profile);

        Assert.Equal(1U, profile.DefaultErrnoRet);
        Assert.Equal(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], profile.Architectures!);
        Assert.Superset(new HashSet<string> { "read", "execve", "ptrace", "arch_prctl" }, allowed);
        foreach (var closed in (string[])["mount", "unshare", "setns", "clone", "clone3", "bpf", "keyctl", "add_key", "io_uring_setup", "userfaultfd", "init_module", "reboot", "swapon", "socket", "personality"])
        {
            Assert.DoesNotContain(closed, allowed);
        }

        Assert.Contains(profile.Syscalls!, rule => rule is { Names: ["clone3"], Action: "SCMP_ACT_ERRNO", ErrnoRet: 38 });
        Assert.Contains(profile.Syscalls!, rule => rule is { Names: ["clone"], Args: [{ Value: 0x7E02_0000, ValueTwo: 0, Op: "SCMP_CMP_MASKED_EQ" }] });
    }

    [Fact]
    public void Default_EachCapability_OpensItsCalls()
    {
        foreach (var (capability, call) in ((string, string)[])[("CAP_SYS_ADMIN", "mount"), ("CAP_SYS_ADMIN", "clone3"), ("CAP_SYS_TIME", "clock_settime"), ("CAP_BPF", "bpf"), ("CAP_SYS_CHROOT", "chroot"), ("CAP_PERFMON", "perf_event_open"), ("CAP_SYS_MODULE", "init_module"), ("CAP_SYSLOG", "syslog")])
        {
            Assert.DoesNotContain(call, Allowed(DefaultSeccompProfile.For(s_none)));
            Assert.Contains(call, Allowed(DefaultSeccompProfile.For(new HashSet<string> { capability })));
        }
    }

    [Fact]
    public void Default_OldKernel_HasNoPtrace()
        => Assert.DoesNotContain("ptrace", Allowed(DefaultSeccompProfile.For(s_none, new Version(4, 7))));

    [Fact]
    public void Default_Arm64_HasItsOwn()
    {
        var allowed = Allowed(DefaultSeccompProfile.For(s_none, machine: Architecture.Arm64));

        Assert.Contains("cacheflush", allowed);
        Assert.DoesNotContain("arch_prctl", allowed);
    }
}
