using Berth.Runtime.Security.Seccomp;
using Berth.Shared.Oci;
using Berth.Shared.Seccomp;

namespace Berth.Kernel.Tests.Seccomp;

/// <summary>The kernel takes what the compiler makes, and does what the profile says.</summary>
public sealed class SeccompKernelTests
{
    private const int EPERM = 1, EBADF = 9, ENOSYS = 38;

    private static nint Number(string name) => (nint)SyscallTable.Find(name, SeccompArchitectures.Native)!.Value;

    private static CompiledSeccomp Default(params string[] capabilities)
        => SeccompCompiler.Compile(DefaultSeccompProfile.For(capabilities.ToHashSet()), SeccompArchitectures.Native);

    [Fact]
    public void Install_DefaultProfile_AllowsDeniesAndHides()
    {
        var results = SeccompThread.Call(
            Default(),
            (Number("getpid"), []),
            (Number("close"), [-1]),
            (Number("unshare"), [0]),
            (Number("keyctl"), [0]),
            (Number("clone3"), [0, 0]),
            (Number("socket"), [1, 1, 0]),
            (Number("socket"), [38, 5, 0]),
            (Number("socket"), [40, 1, 0]),
            (Number("personality"), [-1]),
            (Number("personality"), [unchecked((nint)0xffffffff)]),
            (Number("personality"), [0x0400000]));

        Assert.Equal([0, EBADF, EPERM, EPERM, ENOSYS, 0, EPERM, EPERM, EPERM, 0, EPERM], results);
    }

    [Fact]
    public void Install_WithSysAdmin_OpensItsCalls()
        => Assert.Equal([0], SeccompThread.Call(Default("CAP_SYS_ADMIN"), (Number("unshare"), [0])));

    [Fact]
    public void Install_ArgumentsOf64Bits_AreComparedWhole()
    {
        var profile = new OciSeccomp
        {
            DefaultAction = "SCMP_ACT_ALLOW",
            Syscalls = [new OciSyscallRule { Names = ["dup"], Action = "SCMP_ACT_ERRNO", ErrnoRet = 77, Args = [new OciSyscallArgument(0, 0x1_0000_0000, null, "SCMP_CMP_GE")] }],
        };
        var filter = SeccompCompiler.Compile(profile, SeccompArchitectures.Native);

        Assert.Equal([EBADF, 77, 77], SeccompThread.Call(filter, (Number("dup"), [0x7fff_0000]), (Number("dup"), [unchecked((nint)0x1_0000_0000)]), (Number("dup"), [-1])));
    }
}
