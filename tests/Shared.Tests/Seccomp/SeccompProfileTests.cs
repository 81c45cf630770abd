using System.Runtime.InteropServices;
using Berth.Shared.Errors;
using Berth.Shared.Oci;
using Berth.Shared.Seccomp;

namespace Berth.Shared.Tests.Seccomp;

public sealed class SeccompProfileTests
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

    [Fact]
    public void Parse_DockersFormat_AppliesItsConditions()
    {
        const string json = """
            {
              "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38,
              "archMap": [ { "architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"] },
                           { "architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"] } ],
              "syscalls": [
                { "names": ["read", "write"], "action": "SCMP_ACT_ALLOW" },
                { "name": "open", "action": "SCMP_ACT_ALLOW", "args": [] },
                { "names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": { "caps": ["CAP_SYS_ADMIN"] } },
                { "names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": { "caps": ["CAP_SYS_ADMIN"] }, "args": [ { "index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ" } ] },
                { "names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": { "minKernel": "4.8" } },
                { "names": ["modify_ldt"], "action": "SCMP_ACT_ALLOW", "includes": { "arches": ["amd64"] } },
                { "names": ["cacheflush"], "action": "SCMP_ACT_ALLOW", "includes": { "arches": ["arm", "arm64"] }, "comment": "arm" }
              ]
            }
            """;

        var without = SeccompProfile.Parse(json, s_none, new Version(6, 1), Architecture.X64);
        var with = SeccompProfile.Parse(json, new HashSet<string> { "CAP_SYS_ADMIN" }, new Version(4, 4), Architecture.Arm64);

        Assert.Equal(["read", "write", "open", "clone", "ptrace", "modify_ldt"], without.Syscalls!.SelectMany(rule => rule.Names));
        Assert.Equal(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"], without.Architectures!);
        Assert.Equal(38U, without.DefaultErrnoRet);
        Assert.Equal(["read", "write", "open", "mount", "cacheflush"], with.Syscalls!.SelectMany(rule => rule.Names));
        Assert.Equal(["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"], with.Architectures!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86_64"}]}""")]
    [InlineData("""{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_ALLOW"}]}""")]
    [InlineData("""{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"]}]}""")]
    [InlineData("""{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"new"}}]}""")]
    public void Parse_NotAProfile_IsInvalid(string json)
        => Assert.Equal(ErrorKind.InvalidArgument, Assert.Throws<EngineException>(() => SeccompProfile.Parse(json, s_none)).Kind);
}
