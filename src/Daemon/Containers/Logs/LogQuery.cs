namespace Berth.Daemon.Containers.Logs;

/// <summary>Which part of a container's output is wanted, and in which form.</summary>
internal sealed record LogQuery
{
    public bool Stdout { get; init; } = true;

    public bool Stderr { get; init; } = true;

    /// <summary>Nanoseconds since 1970; null: from the beginning.</summary>
    public long? SinceNano { get; init; }

    /// <summary>Nanoseconds since 1970; null: to the end.</summary>
    public long? UntilNano { get; init; }

    /// <summary>Only so many records from the end, of both streams together; null: all.</summary>
    public long? Tail { get; init; }

    /// <summary>Each record begins with its time, with nine digits after the point.</summary>
    public bool Timestamps { get; init; }

    /// <summary>Each record begins with the log's attributes.</summary>
    public bool Details { get; init; }

    /// <summary>Each record in a frame that names its stream; false where the container has a terminal.</summary>
    public bool Framed { get; init; } = true;
}
