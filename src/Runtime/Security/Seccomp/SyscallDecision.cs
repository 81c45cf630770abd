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
internal readonly record struct ConditionalAction(ArgumentCondition[] Conditions, uint Action);

/// <summary>What happens to a call: the first conditional action that applies, else <paramref name="otherwise"/>. Compared by identity.</summary>
internal sealed class SyscallDecision(List<ConditionalAction>? conditional, uint otherwise)
{
    /// <summary>Null: none.</summary>
    public List<ConditionalAction>? Conditional { get; } = conditional;

    public uint Otherwise { get; } = otherwise;

    /// <summary>Where the program decides so, once it has been written.</summary>
    public BpfTarget? Written { get; set; }
}
