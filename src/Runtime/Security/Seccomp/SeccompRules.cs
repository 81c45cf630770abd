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
/// </remarks>
internal sealed class SeccompRules
{
    private readonly SortedDictionary<uint, (uint? Always, List<ConditionalAction> Conditional)> _calls = [];

    private SeccompRules(SeccompArchitecture architecture, uint defaultAction)
    {
        Architecture = architecture;
        DefaultAction = defaultAction;
    }

    public SeccompArchitecture Architecture { get; }

    public uint DefaultAction { get; }

    /// <summary>The highest number of a call that the profile names; null when it names none.</summary>
    public uint? Highest { get; private set; }

    public IEnumerable<(uint Number, SyscallDecision Decision)> Decisions => _calls.Select(call => (
        call.Key,
        call.Value.Always is { } always ? new SyscallDecision([], always) : new SyscallDecision(call.Value.Conditional, DefaultAction)));

    public static SeccompRules Read(OciSeccomp profile, SeccompArchitecture architecture)
    {
        var rules = new SeccompRules(architecture, SeccompAction.Parse(profile.DefaultAction, profile.DefaultErrnoRet));
        foreach (var rule in profile.Syscalls ?? [])
        {
            var action = SeccompAction.Parse(rule.Action, rule.ErrnoRet);
            var alternatives = Alternatives(rule, architecture.HasShortArguments());
            foreach (var name in rule.Names)
            {
                rules.Add(name, action, alternatives);
            }
        }

        return rules;
    }

    private void Add(string name, uint action, IReadOnlyList<IReadOnlyList<ArgumentCondition>> alternatives)
    {
        if (SyscallTable.Find(name, Architecture) is { } number)
        {
            Highest = Math.Max(Highest ?? 0, number);
            Add(number, action, alternatives);
        }

        // Behind a door the arguments lie in memory, out of the filter's sight: only rules without conditions can pass there.
        if (SyscallTable.FindDoor(name, Architecture) is { } door && alternatives is [[]])
        {
            Highest = Math.Max(Highest ?? 0, door.Door);
            Add(door.Door, action, [[new ArgumentCondition(0, ArgumentOperator.Equal, door.Call, uint.MaxValue, Short: true)]]);
        }
    }

    private void Add(uint number, uint action, IReadOnlyList<IReadOnlyList<ArgumentCondition>> alternatives)
    {
        if (action == DefaultAction)
        {
            return;
        }

        var call = _calls.TryGetValue(number, out var known) ? known : (null, []);
        foreach (var conditions in alternatives)
        {
            if (conditions.Count == 0)
            {
                call.Always ??= action;
            }
            else
            {
                call.Conditional.Add(new ConditionalAction(conditions, action));
            }
        }

        _calls[number] = call;
    }

    private static IReadOnlyList<IReadOnlyList<ArgumentCondition>> Alternatives(OciSyscallRule rule, bool shortArguments)
    {
        var conditions = (rule.Args ?? []).Select(argument => Condition(argument, shortArguments)).ToArray();
        return conditions.DistinctBy(condition => condition.Index).Count() == conditions.Length
            ? [conditions]
            : [.. conditions.Select(condition => (IReadOnlyList<ArgumentCondition>)[condition])];
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
