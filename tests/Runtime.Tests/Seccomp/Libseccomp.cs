using System.Runtime.InteropServices;
using Berth.Runtime.Security.Seccomp;
using Berth.Shared.Oci;

namespace Berth.Runtime.Tests.Seccomp;

/// <summary>The library that other runtimes use, driven as runc drives it: the oracle for what a profile means.</summary>
internal static partial class Libseccomp
{
    private const string Name = "libseccomp.so.2";

    public static bool IsThere { get; } = NativeLibrary.TryLoad(Name, out _);

    /// <summary>The filter as the library compiles it, or null when the profile has something it can't take.</summary>
    public static BpfInstruction[]? Compile(OciSeccomp profile)
    {
        var defaultAction = Action(profile.DefaultAction, profile.DefaultErrnoRet);
        var context = seccomp_init(defaultAction);
        try
        {
            foreach (var name in profile.Architectures ?? [])
            {
                var result = seccomp_arch_add(context, Architecture(name));
                Assert.True(result is 0 or -17, $"{name}: {result}"); // EEXIST: the native one
            }

            foreach (var rule in profile.Syscalls ?? [])
            {
                if (!Add(context, rule, defaultAction))
                {
                    return null;
                }
            }

            return Export(context);
        }
        finally
        {
            seccomp_release(context);
        }
    }

    private static bool Add(nint context, OciSyscallRule rule, uint defaultAction)
    {
        var action = Action(rule.Action, rule.ErrnoRet);
        if (action == defaultAction)
        {
            return true;
        }

        var arguments = (rule.Args ?? []).Select(a => new Comparison { Argument = a.Index, Operator = Operator(a.Op), First = a.Value, Second = a.ValueTwo ?? 0 }).ToArray();
        var alternatives = arguments.DistinctBy(a => a.Argument).Count() == arguments.Length ? [arguments] : arguments.Select(a => new[] { a }).ToArray();
        foreach (var name in rule.Names)
        {
            var number = seccomp_syscall_resolve_name(name);
            if (number == -1)
            {
                continue; // __NR_SCMP_ERROR: no architecture has it
            }

            foreach (var alternative in alternatives)
            {
                var result = seccomp_rule_add_array(context, action, number, (uint)alternative.Length, alternative);
                if (result != 0)
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static BpfInstruction[] Export(nint context)
    {
        var file = Path.GetTempFileName();
        try
        {
            using (var handle = File.OpenHandle(file, FileMode.Create, FileAccess.ReadWrite))
            {
                Assert.Equal(0, seccomp_export_bpf(context, (int)handle.DangerousGetHandle()));
            }

            return MemoryMarshal.Cast<byte, BpfInstruction>(File.ReadAllBytes(file)).ToArray();
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static uint Action(string name, uint? errno) => SeccompAction.Parse(name, errno);

    private static uint Operator(string name) => (uint)Array.IndexOf(["", "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"], name);

    private static uint Architecture(string name) => name switch
    {
        "SCMP_ARCH_X86_64" => 0xC000003E,
        "SCMP_ARCH_X86" => 0x40000003,
        "SCMP_ARCH_X32" => 0x4000003E,
        _ => throw new ArgumentException(name),
    };

    /// <summary>struct scmp_arg_cmp.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Comparison
    {
        public uint Argument;
        public uint Operator;
        public ulong First;
        public ulong Second;
    }

    [LibraryImport(Name)]
    private static partial nint seccomp_init(uint action);

    [LibraryImport(Name)]
    private static partial void seccomp_release(nint context);

    [LibraryImport(Name)]
    private static partial int seccomp_arch_add(nint context, uint architecture);

    [LibraryImport(Name, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int seccomp_syscall_resolve_name(string name);

    [LibraryImport(Name)]
    private static partial int seccomp_rule_add_array(nint context, uint action, int number, uint count, [In] Comparison[] comparisons);

    [LibraryImport(Name)]
    private static partial int seccomp_export_bpf(nint context, int file);
}
