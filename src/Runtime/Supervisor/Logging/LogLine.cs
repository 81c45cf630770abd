namespace Berth.Runtime.Supervisor.Logging;

/// <summary>A line on its way to a receiver, or a part of one that is too long.</summary>
internal readonly ref struct LogLine
{
    public required OutputKind Kind { get; init; }

    /// <summary>Without its line feed.</summary>
    public required ReadOnlySpan<byte> Text { get; init; }

    /// <summary>When it was read, in ticks of <see cref="DateTime"/>, UTC.</summary>
    public required long Ticks { get; init; }

    /// <summary>The same for all parts of a line; 0: it is whole.</summary>
    public ulong PartialId { get; init; }

    /// <summary>From 1 on.</summary>
    public int PartialOrdinal { get; init; }

    /// <summary>The line ends with this part.</summary>
    public bool IsLastPart { get; init; }
}
