namespace Berth.Runtime.Security.Seccomp;

/// <summary>From this number up to the next range's first.</summary>
internal readonly record struct SyscallRange(uint First, SyscallDecision Decision);

/// <summary>The numbers of one audit architecture, 0 to 2^32 - 1, cut into ranges with one decision each.</summary>
internal static class SyscallRanges
{
    /// <param name="group">The rules of one audit architecture: one set, or those of x86-64 and of x32.</param>
    public static IReadOnlyList<SyscallRange> Of(IReadOnlyList<SeccompRules> group)
    {
        var known = new Dictionary<uint, SyscallDecision>();
        var ranges = new List<SyscallRange>();
        foreach (var rules in group.OrderBy(rules => rules.Architecture == SeccompArchitecture.X32))
        {
            Append(rules, ranges, known);
        }

        if (group is [{ Architecture: SeccompArchitecture.X86_64 }])
        {
            // The numbers of x32, which the profile doesn't list.
            Append(SeccompArchitectures.X32Bit, Always(SeccompAction.KillProcess, known), ranges);
        }

        // -1, a call that a tracer has struck out: neither new nor of another architecture.
        Append(uint.MaxValue, Always(group[0].DefaultAction, known), ranges);

        return ranges;
    }

    private static void Append(SeccompRules rules, List<SyscallRange> ranges, Dictionary<uint, SyscallDecision> known)
    {
        var otherwise = Always(rules.DefaultAction, known);
        var next = rules.Architecture == SeccompArchitecture.X32 ? SeccompArchitectures.X32Bit : 0;
        foreach (var (number, decision) in rules.Decisions)
        {
            if (number > next)
            {
                Append(next, otherwise, ranges);
            }

            Append(number, decision.Conditional.Count == 0 ? Always(decision.Otherwise, known) : decision, ranges);
            next = number + 1;
        }

        if (rules.Highest is { } highest && highest >= next)
        {
            Append(next, otherwise, ranges);
            next = highest + 1;
        }

        var newer = SeccompAction.Denies(rules.DefaultAction) && rules.Highest is not null;
        Append(next, newer ? Always(SeccompAction.NoSuchCall, known) : otherwise, ranges);
    }

    /// <summary>Adds a range, or lets the one before go on when it decides the same.</summary>
    private static void Append(uint first, SyscallDecision decision, List<SyscallRange> ranges)
    {
        if (ranges.Count == 0 || !ReferenceEquals(ranges[^1].Decision, decision))
        {
            ranges.Add(new SyscallRange(first, decision));
        }
    }

    /// <summary>One object per unconditional decision, so that equal ones are the same.</summary>
    private static SyscallDecision Always(uint action, Dictionary<uint, SyscallDecision> known)
        => known.TryGetValue(action, out var decision) ? decision : known[action] = new SyscallDecision([], action);
}
