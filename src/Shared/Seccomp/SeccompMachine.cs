using System.Runtime.InteropServices;

namespace Berth.Shared.Seccomp;

/// <summary>A machine by the names that seccomp profiles use.</summary>
/// <param name="GoNames">How Docker's profiles write it in "arches" conditions.</param>
/// <param name="Architectures">Its own architecture first, then those whose programs its kernel runs as well.</param>
internal sealed record SeccompMachine(string[] GoNames, string[] Architectures)
{
    public static SeccompMachine Of(Architecture architecture) => architecture switch
    {
        Architecture.X64 => new SeccompMachine(["amd64", "x86_64"], ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
        Architecture.Arm64 => new SeccompMachine(["arm64", "aarch64"], ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]),
        _ => throw new PlatformNotSupportedException($"No seccomp profile for {architecture}"),
    };
}
