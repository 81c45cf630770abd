using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Runtime.Security.Seccomp;

/// <summary>Compiles the seccomp part of config.json to classic BPF, seccomp(2).</summary>
/// <remarks>
/// The filter looks up the call's number by a binary search over ranges of numbers with the same decision. Installing a filter makes the kernel run it
/// for every call number there is (its cache of always-allowed calls), so a flat search makes each container's start cheaper, not only its calls.
/// </remarks>
internal sealed class SeccompCompiler
{
    private const int MaxInstructions = 4096; // BPF_MAXINSNS

    // struct seccomp_data, linux/seccomp.h
    private const uint NumberOffset = 0, ArchitectureOffset = 4, ArgumentsOffset = 16;

    private readonly BpfAssembler _code = new();

    private SeccompCompiler()
    {
    }

    /// <param name="native">The architecture of the kernel that the filter is for.</param>
    /// <exception cref="EngineException">InvalidArgument: the profile has an unknown action, architecture, flag or operator, or is too large. NotImplemented: it notifies a listener.</exception>
    public static CompiledSeccomp Compile(OciSeccomp profile, SeccompArchitecture native)
    {
        var architectures = Architectures(profile, native);
        CheckNotify(profile);

        var instructions = new SeccompCompiler().Assemble(profile, architectures);
        return instructions.Length > MaxInstructions
            ? throw new EngineException(ErrorKind.InvalidArgument, $"The seccomp profile compiles to {instructions.Length} instructions; the kernel takes {MaxInstructions}")
            : new CompiledSeccomp(instructions, SeccompFlags.Parse(profile.Flags));
    }

    private static void CheckNotify(OciSeccomp profile)
    {
        var notifies = profile.DefaultAction == "SCMP_ACT_NOTIFY";
        foreach (var rule in profile.Syscalls ?? [])
        {
            notifies |= rule.Action == "SCMP_ACT_NOTIFY";
        }

        if (notifies)
        {
            // Without somebody at the other end each such call would fail with ENOSYS: not what the profile says.
            throw new EngineException(ErrorKind.NotImplemented, "SCMP_ACT_NOTIFY is not in this engine: it can't hand calls over to a listener");
        }
    }

    private static List<SeccompArchitecture> Architectures(OciSeccomp profile, SeccompArchitecture native)
    {
        var architectures = new List<SeccompArchitecture> { native };
        foreach (var name in profile.Architectures ?? [])
        {
            if (SeccompArchitectures.Parse(name) is { } architecture && architecture.RunsOn(native) && !architectures.Contains(architecture))
            {
                architectures.Add(architecture);
            }
        }

        return architectures;
    }

    private BpfInstruction[] Assemble(OciSeccomp profile, List<SeccompArchitecture> architectures)
    {
        // A program of an architecture that the profile doesn't list could call what it meant to forbid, so it ends.
        var next = BpfTarget.Return(SeccompAction.KillProcess);
        var rows = Rows(profile);
        var x32 = architectures.Contains(SeccompArchitecture.X32) ? SeccompRules.Read(profile, rows, SeccompArchitecture.X32) : null;

        // Written backwards: the native architecture, first in the list, must come last to be looked at first.
        for (var i = architectures.Count - 1; i >= 0; i--)
        {
            var architecture = architectures[i];
            if (architecture != SeccompArchitecture.X32)
            {
                var ranges = SyscallRanges.Of(SeccompRules.Read(profile, rows, architecture), architecture == SeccompArchitecture.X86_64 ? x32 : null);
                var lookup = _code.Load(NumberOffset, Search(ranges, 0, ranges.Count));
                next = _code.Branch(BpfAssembler.JumpEqual, architecture.AuditNumber(), lookup, next);
            }
        }

        _code.Load(ArchitectureOffset, next);
        return _code.Finish();
    }

    /// <summary>Each name looked up once, for all architectures.</summary>
    private static int[][] Rows(OciSeccomp profile)
    {
        var rules = profile.Syscalls ?? [];
        var rows = new int[rules.Length][];
        for (var i = 0; i < rules.Length; i++)
        {
            var names = rules[i].Names;
            rows[i] = new int[names.Length];
            for (var n = 0; n < names.Length; n++)
            {
                rows[i][n] = SyscallTable.FindRow(names[n]);
            }
        }

        return rows;
    }

    /// <summary>A balanced tree over ranges[from..to), the accumulator holding the number.</summary>
    private BpfTarget Search(List<SyscallRange> ranges, int from, int to)
    {
        if (to - from == 1)
        {
            return Decide(ranges[from].Decision);
        }

        // One call between neighbours that are treated alike: one comparison in the place of two.
        if (to - from == 3 && ReferenceEquals(ranges[from].Decision, ranges[from + 2].Decision) && ranges[from + 1].First + 1 == ranges[from + 2].First)
        {
            var outer = Decide(ranges[from].Decision);
            return _code.Branch(BpfAssembler.JumpEqual, ranges[from + 1].First, Decide(ranges[from + 1].Decision), outer);
        }

        var middle = (from + to) / 2;
        var upper = Search(ranges, middle, to);
        var lower = Search(ranges, from, middle);
        return _code.Branch(BpfAssembler.JumpGreaterOrEqual, ranges[middle].First, upper, lower);
    }

    private BpfTarget Decide(SyscallDecision decision)
    {
        if (decision.Conditional is not { } conditional)
        {
            return BpfTarget.Return(decision.Otherwise);
        }

        if (decision.Written is { } written)
        {
            return written;
        }

        var target = BpfTarget.Return(decision.Otherwise);
        for (var i = conditional.Count - 1; i >= 0; i--)
        {
            var (conditions, action) = conditional[i];
            var matched = BpfTarget.Return(action);
            for (var c = conditions.Length - 1; c >= 0; c--)
            {
                matched = Test(conditions[c], matched, target);
            }

            target = matched;
        }

        decision.Written = target;
        return target;
    }

    private BpfTarget Test(ArgumentCondition condition, BpfTarget yes, BpfTarget no)
    {
        switch (condition.Operator)
        {
            case ArgumentOperator.Equal:
            case ArgumentOperator.MaskedEqual:
                return TestEqual(condition, yes, no);
            case ArgumentOperator.NotEqual:
                return TestEqual(condition, no, yes);
            case ArgumentOperator.Greater:
                return TestOrder(BpfAssembler.JumpGreater, condition, yes, no);
            case ArgumentOperator.GreaterOrEqual:
                return TestOrder(BpfAssembler.JumpGreaterOrEqual, condition, yes, no);
            case ArgumentOperator.Less:
                return TestOrder(BpfAssembler.JumpGreaterOrEqual, condition, no, yes);
            default:
                return TestOrder(BpfAssembler.JumpGreater, condition, no, yes);
        }
    }

    /// <summary>Both halves, the upper one first; a half of which the mask leaves nothing isn't looked at.</summary>
    private BpfTarget TestEqual(ArgumentCondition condition, BpfTarget yes, BpfTarget no)
    {
        if ((condition.Value & ~condition.Mask) != 0)
        {
            return no;
        }

        var lower = TestHalf(LowerHalf(condition), (uint)condition.Value, (uint)condition.Mask, yes, no);
        return condition.Short ? lower : TestHalf(UpperHalf(condition), (uint)(condition.Value >> 32), (uint)(condition.Mask >> 32), lower, no);
    }

    private BpfTarget TestHalf(uint offset, uint value, uint mask, BpfTarget yes, BpfTarget no)
    {
        if (mask == 0)
        {
            return yes;
        }

        var compare = _code.Branch(BpfAssembler.JumpEqual, value, yes, no);
        return _code.Load(offset, mask == uint.MaxValue ? compare : _code.And(mask, compare));
    }

    private BpfTarget TestOrder(ushort lowerJump, ArgumentCondition condition, BpfTarget yes, BpfTarget no)
    {
        var lower = _code.Load(LowerHalf(condition), _code.Branch(lowerJump, (uint)condition.Value, yes, no));
        if (condition.Short)
        {
            return lower;
        }

        var upperValue = (uint)(condition.Value >> 32);
        var equal = _code.Branch(BpfAssembler.JumpEqual, upperValue, lower, no);
        return _code.Load(UpperHalf(condition), _code.Branch(BpfAssembler.JumpGreater, upperValue, yes, equal));
    }

    private static uint LowerHalf(ArgumentCondition condition) => ArgumentsOffset + ((uint)condition.Index * 8);

    private static uint UpperHalf(ArgumentCondition condition) => LowerHalf(condition) + 4;
}
