namespace Berth.Runtime.Security.Seccomp;

/// <summary>From this number up to the next range's first.</summary>
internal readonly record struct SyscallRange(uint First, SyscallDecision Decision);

/// <summary>The numbers of one audit architecture, 0 to 2^32 - 1, cut into ranges with one decision each.</summary>
internal sealed class SyscallRanges
{
    private readonly List<SyscallRange> _ranges = new(256);
    private readonly List<SyscallDecision> _unconditional = [];

    /// <param name="rules">The rules of the architecture.</param>
    /// <param name="x32">Those of x32, for x86-64; null: the profile doesn't list it.</param>
    public static List<SyscallRange> Of(SeccompRules rules, SeccompRules? x32)
    {
        var result = new SyscallRanges();
        result.Append(rules);
        if (x32 is not null)
        {
            result.Append(x32);
        }
        else if (rules.Architecture == SeccompArchitecture.X86_64)
        {
            result.Append(SeccompArchitectures.X32Bit, result.Always(SeccompAction.KillProcess));
        }

        // -1, a call that a tracer has struck out: neither new nor of another architecture.
        result.Append(uint.MaxValue, result.Always(rules.DefaultAction));
        return result._ranges;
    }

    private void Append(SeccompRules rules)
    {
        var otherwise = Always(rules.DefaultAction);
        var next = rules.First;
        rules.ForEach((number, always, conditional) =>
        {
            if (number > next)
            {
                Append(next, otherwise);
            }

            Append(number, always is { } action ? Always(action) : new SyscallDecision(conditional, rules.DefaultAction));
            next = number + 1;
        });

        if (rules.Highest is { } highest && highest >= next)
        {
            Append(next, otherwise);
            next = highest + 1;
        }

        var newer = SeccompAction.Denies(rules.DefaultAction) && rules.Highest is not null;
        Append(next, newer ? Always(SeccompAction.NoSuchCall) : otherwise);
    }

    /// <summary>Adds a range, or lets the one before go on when it decides the same.</summary>
    private void Append(uint first, SyscallDecision decision)
    {
        if (_ranges.Count == 0 || !ReferenceEquals(_ranges[^1].Decision, decision))
        {
            _ranges.Add(new SyscallRange(first, decision));
        }
    }

    /// <summary>One object per unconditional decision, so that equal ones are the same; there are a handful.</summary>
    private SyscallDecision Always(uint action)
    {
        foreach (var known in _unconditional)
        {
            if (known.Otherwise == action)
            {
                return known;
            }
        }

        var decision = new SyscallDecision(null, action);
        _unconditional.Add(decision);
        return decision;
    }
}
