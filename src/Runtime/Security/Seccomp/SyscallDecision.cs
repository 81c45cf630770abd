namespace Berth.Runtime.Security.Seccomp;

internal enum ArgumentOperator
{
    NotEqual,
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,

    /// <summary>argument &amp; Mask == Value.</summary>
    MaskedEqual,
}

/// <param name="Short">Only the lower 32 bits exist.</param>
internal readonly record struct ArgumentCondition(int Index, ArgumentOperator Operator, ulong Value, ulong Mask, bool Short);

/// <summary>All conditions true: this action (SECCOMP_RET_*, with its data).</summary>
internal sealed record ConditionalAction(IReadOnlyList<ArgumentCondition> Conditions, uint Action);

/// <summary>What happens to one call: the first conditional action that applies, else <paramref name="Otherwise"/>.</summary>
internal sealed record SyscallDecision(IReadOnlyList<ConditionalAction> Conditional, uint Otherwise);
