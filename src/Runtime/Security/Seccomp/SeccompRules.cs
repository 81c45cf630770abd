using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Runtime.Security.Seccomp;

/// <summary>A profile read for one architecture: every named call's decision. Meaning as with libseccomp driven by runc, which profiles are written for.</summary>
/// <remarks>
/// - A rule with the default action is no rule: it doesn't shadow another of the same call.
/// - A rule without arguments decides, whatever conditional ones come before or after it; of several such the first.
/// - Two conditions on one argument in one rule are alternatives; conditions on different arguments must all be true.
/// - Names that the architecture doesn't have are skipped, so that one profile serves many kernels.
/// - A call newer than every call the profile names gets ENOSYS in place of a denial: its author can't have meant it, and programs
///   fall back to an older call only when they hear that the new one isn't there.
/// Arrays and loops only: a runtime compiles once in its life, so it is the first use of each type and method that costs.
/// </remarks>
internal sealed class SeccompRules
{
    /// <summary>Above every number but those of ARM's private calls, 0xf0001 to 0xf0006.</summary>
    private const uint Dense = 1024, Private = 0xF_0000, Slots = Dense + 16;

    private readonly uint[] _always = new uint[Slots];
    private readonly bool[] _hasAlways = new bool[Slots];
    private readonly List<ConditionalAction>?[] _conditional = new List<ConditionalAction>?[Slots];
    private readonly uint _base;

    private SeccompRules(SeccompArchitecture architecture, uint defaultAction)
    {
        Architecture = architecture;
        DefaultAction = defaultAction;
        _base = architecture == SeccompArchitecture.X32 ? SeccompArchitectures.X32Bit : 0;
    }

    public SeccompArchitecture Architecture { get; }

    public uint DefaultAction { get; }

    /// <summary>The first number of this architecture.</summary>
    public uint First => _base;

    /// <summary>The highest number of a call that the profile names; null when it names none.</summary>
    public uint? Highest { get; private set; }

    /// <param name="rows">For each rule, the places of its names in the table; <see cref="SyscallTable.FindRow"/>.</param>
    public static SeccompRules Read(OciSeccomp profile, int[][] rows, SeccompArchitecture architecture)
    {
        var result = new SeccompRules(architecture, SeccompAction.Parse(profile.DefaultAction, profile.DefaultErrnoRet));
        var rules = profile.Syscalls ?? [];
        for (var i = 0; i < rules.Length; i++)
        {
            var action = SeccompAction.Parse(rules[i].Action, rules[i].ErrnoRet);
            var alternatives = Alternatives(rules[i], architecture.HasShortArguments());
            for (var n = 0; n < rows[i].Length; n++)
            {
                if (rows[i][n] >= 0 && SyscallTable.Number(rows[i][n], architecture) is >= 0 and var number)
                {
                    result.Add((uint)number | result._base, action, alternatives);
                }

                // Behind a door the arguments lie in memory, out of the filter's sight: only rules without conditions can pass there.
                if (architecture == SeccompArchitecture.X86 && alternatives is null && SyscallTable.FindDoor(rules[i].Names[n], architecture) is { } door)
                {
                    result.Add(door.Door, action, [[new ArgumentCondition(0, ArgumentOperator.Equal, door.Call, uint.MaxValue, Short: true)]]);
                }
            }
        }

        return result;
    }

    /// <summary>Tells every number with a decision of its own, upwards.</summary>
    /// <param name="decide">The number, its action without conditions, and the conditional ones when there is no such.</param>
    public void ForEach(Action<uint, uint?, List<ConditionalAction>?> decide)
    {
        for (uint slot = 0; slot < Slots; slot++)
        {
            if (_hasAlways[slot] || _conditional[slot] is not null)
            {
                decide(slot < Dense ? slot | _base : Private + slot - Dense, _hasAlways[slot] ? _always[slot] : null, _conditional[slot]);
            }
        }
    }

    /// <param name="alternatives">Null: no condition.</param>
    private void Add(uint number, uint action, ArgumentCondition[][]? alternatives)
    {
        Highest = Math.Max(Highest ?? 0, number);
        if (action == DefaultAction)
        {
            return;
        }

        var slot = number >= Private && _base == 0 ? number - Private + Dense : number & ~_base;
        if (alternatives is null)
        {
            if (!_hasAlways[slot])
            {
                (_hasAlways[slot], _always[slot]) = (true, action);
            }

            return;
        }

        var conditional = _conditional[slot] ??= [];
        foreach (var conditions in alternatives)
        {
            conditional.Add(new ConditionalAction(conditions, action));
        }
    }

    private static ArgumentCondition[][]? Alternatives(OciSyscallRule rule, bool shortArguments)
    {
        if (rule.Args is not { Length: > 0 } arguments)
        {
            return null;
        }

        var conditions = new ArgumentCondition[arguments.Length];
        var seen = 0;
        var repeated = false;
        for (var i = 0; i < arguments.Length; i++)
        {
            conditions[i] = Condition(arguments[i], shortArguments);
            repeated |= (seen & (1 << conditions[i].Index)) != 0;
            seen |= 1 << conditions[i].Index;
        }

        return repeated ? Array.ConvertAll(conditions, condition => new[] { condition }) : [conditions];
    }

    private static ArgumentCondition Condition(OciSyscallArgument argument, bool shortArguments)
    {
        if (argument.Index > 5)
        {
            throw new EngineException(ErrorKind.InvalidArgument, $"Seccomp rule looks at argument {argument.Index}; calls have arguments 0 to 5");
        }

        var comparison = argument.Op switch
        {
            "SCMP_CMP_NE" => ArgumentOperator.NotEqual,
            "SCMP_CMP_LT" => ArgumentOperator.Less,
            "SCMP_CMP_LE" => ArgumentOperator.LessOrEqual,
            "SCMP_CMP_EQ" => ArgumentOperator.Equal,
            "SCMP_CMP_GE" => ArgumentOperator.GreaterOrEqual,
            "SCMP_CMP_GT" => ArgumentOperator.Greater,
            "SCMP_CMP_MASKED_EQ" => ArgumentOperator.MaskedEqual,
            _ => throw new EngineException(ErrorKind.InvalidArgument, $"Unknown seccomp operator {argument.Op}"),
        };
        var width = shortArguments ? uint.MaxValue : ulong.MaxValue;
        return comparison == ArgumentOperator.MaskedEqual
            ? new ArgumentCondition((int)argument.Index, comparison, (argument.ValueTwo ?? 0) & width, argument.Value & width, shortArguments)
            : new ArgumentCondition((int)argument.Index, comparison, argument.Value & width, width, shortArguments);
    }
}
