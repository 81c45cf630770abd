using System.Runtime.InteropServices;

namespace Berth.Shared.Cgroups.Devices;

/// <summary>Device rules as an eBPF program of type BPF_PROG_TYPE_CGROUP_DEVICE.</summary>
/// <remarks>
/// The last rule that names a device and an access decides about them, so the program goes through the rules from the last to the first and
/// strikes off what is allowed until nothing is left to decide. What no rule names is denied.
/// The context is struct bpf_cgroup_dev_ctx (linux/bpf.h): u32 access &lt;&lt; 16 | kind, u32 major, u32 minor.
/// </remarks>
internal static class DeviceProgram
{
    /// <summary>struct bpf_insn.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal readonly record struct Instruction(byte Code, byte Registers, short Offset, int Immediate);

    // linux/bpf_common.h, linux/bpf.h
    private const byte LoadWord = 0x61, And = 0x57, ShiftRight = 0x77, Copy = 0xbf, Set = 0xb7, JumpIfNot = 0x55, JumpIf = 0x15, Exit = 0x95;

    private const byte Result = 0, Context = 1, Wanted = 2, Kind = 3, Major = 4, Minor = 5, Scratch = 6;

    public static Instruction[] Assemble(IReadOnlyList<DeviceRule> rules)
    {
        var code = new List<Instruction>
        {
            new(LoadWord, Pair(Wanted, Context), 0, 0),
            new(Copy, Pair(Kind, Wanted), 0, 0),
            new(And, Pair(Kind, 0), 0, 0xffff),
            new(ShiftRight, Pair(Wanted, 0), 0, 16),
            new(LoadWord, Pair(Major, Context), 4, 0),
            new(LoadWord, Pair(Minor, Context), 8, 0),
        };
        for (var i = rules.Count - 1; i >= 0; i--)
        {
            AssembleRule(rules[i], code);
            if (rules[i].IsWhole)
            {
                return [.. code]; // the verifier refuses code that can't be reached
            }
        }

        Return(0, code);
        return [.. code];
    }

    private static void AssembleRule(DeviceRule rule, List<Instruction> code)
    {
        var skips = new List<int>();
        SkipUnless(rule.Kind == DeviceKind.Any ? null : (uint)rule.Kind, Kind, skips, code);
        SkipUnless(rule.Major, Major, skips, code);
        SkipUnless(rule.Minor, Minor, skips, code);
        if (rule.Access != DeviceAccess.All)
        {
            if (rule.Allow)
            {
                code.Add(new Instruction(And, Pair(Wanted, 0), 0, (int)(DeviceAccess.All & ~rule.Access)));
                SkipUnless(0, Wanted, skips, code);
            }
            else
            {
                code.Add(new Instruction(Copy, Pair(Scratch, Wanted), 0, 0));
                code.Add(new Instruction(And, Pair(Scratch, 0), 0, (int)rule.Access));
                skips.Add(code.Count);
                code.Add(new Instruction(JumpIf, Pair(Scratch, 0), 0, 0));
            }
        }

        Return(rule.Allow ? 1 : 0, code);
        foreach (var skip in skips)
        {
            code[skip] = code[skip] with { Offset = (short)(code.Count - skip - 1) };
        }
    }

    private static void SkipUnless(uint? value, byte register, List<int> skips, List<Instruction> code)
    {
        if (value is { } number)
        {
            skips.Add(code.Count);
            code.Add(new Instruction(JumpIfNot, Pair(register, 0), 0, (int)number));
        }
    }

    private static void Return(int verdict, List<Instruction> code)
    {
        code.Add(new Instruction(Set, Pair(Result, 0), 0, verdict));
        code.Add(new Instruction(Exit, 0, 0, 0));
    }

    /// <summary>Destination in the low half, source in the high one, on little-endian machines, which are all that we build for.</summary>
    private static byte Pair(byte destination, byte source) => (byte)(source << 4 | destination);
}
