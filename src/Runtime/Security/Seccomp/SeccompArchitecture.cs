using System.Runtime.InteropServices;
using Berth.Shared.Errors;

namespace Berth.Runtime.Security.Seccomp;

/// <summary>One set of call numbers that a process can use.</summary>
internal enum SeccompArchitecture
{
    X86_64,
    X86,

    /// <summary>x86-64 with 32-bit pointers: the audit architecture of x86-64, its numbers have bit 30 set.</summary>
    X32,
    Arm64,
    Arm,
}

internal static class SeccompArchitectures
{
    public const uint X32Bit = 0x4000_0000;

    /// <summary>Of libseccomp's names those whose programs no kernel of ours can run, so that a rule for them never matters.</summary>
    private static readonly string[] s_foreign =
    [
        "MIPS", "MIPS64", "MIPS64N32", "MIPSEL", "MIPSEL64", "MIPSEL64N32", "PPC", "PPC64", "PPC64LE", "S390", "S390X", "PARISC", "PARISC64",
        "RISCV64", "LOONGARCH64", "M68K", "SH", "SHEB",
    ];

    public static SeccompArchitecture Native => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => SeccompArchitecture.X86_64,
        Architecture.Arm64 => SeccompArchitecture.Arm64,
        var other => throw new PlatformNotSupportedException($"No system call table for {other}"),
    };

    /// <param name="name">"SCMP_ARCH_X86_64" and so on.</param>
    /// <returns>Null: a known name of another machine.</returns>
    /// <exception cref="EngineException">InvalidArgument: no such name.</exception>
    public static SeccompArchitecture? Parse(string name) => name switch
    {
        "SCMP_ARCH_NATIVE" => Native,
        "SCMP_ARCH_X86_64" => SeccompArchitecture.X86_64,
        "SCMP_ARCH_X86" => SeccompArchitecture.X86,
        "SCMP_ARCH_X32" => SeccompArchitecture.X32,
        "SCMP_ARCH_AARCH64" => SeccompArchitecture.Arm64,
        "SCMP_ARCH_ARM" => SeccompArchitecture.Arm,
        _ when name.StartsWith("SCMP_ARCH_", StringComparison.Ordinal) && s_foreign.Contains(name["SCMP_ARCH_".Length..]) => null,
        _ => throw new EngineException(ErrorKind.InvalidArgument, $"Unknown seccomp architecture {name}"),
    };

    /// <summary>AUDIT_ARCH_*, linux/audit.h: what seccomp_data.arch reads.</summary>
    public static uint AuditNumber(this SeccompArchitecture architecture) => architecture switch
    {
        SeccompArchitecture.X86_64 or SeccompArchitecture.X32 => 0xC000_003E,
        SeccompArchitecture.X86 => 0x4000_0003,
        SeccompArchitecture.Arm64 => 0xC000_00B7,
        _ => 0x4000_0028,
    };

    /// <summary>Whether a kernel of the native architecture runs programs of the other one.</summary>
    public static bool RunsOn(this SeccompArchitecture architecture, SeccompArchitecture native) => native switch
    {
        SeccompArchitecture.X86_64 => architecture is SeccompArchitecture.X86_64 or SeccompArchitecture.X86 or SeccompArchitecture.X32,
        SeccompArchitecture.Arm64 => architecture is SeccompArchitecture.Arm64 or SeccompArchitecture.Arm,
        _ => architecture == native,
    };

    /// <summary>Arguments have 32 bits; the upper half of seccomp_data.args reads zero.</summary>
    public static bool HasShortArguments(this SeccompArchitecture architecture) => architecture is SeccompArchitecture.X86 or SeccompArchitecture.Arm;
}
