namespace Berth.Daemon.Containers.Logs;

/// <summary>One line of a json-file log, still in its JSON form.</summary>
internal readonly ref struct LogRecord
{
    /// <summary>What was written, with JSON's escapes.</summary>
    public required ReadOnlySpan<byte> EscapedText { get; init; }

    public required bool IsStderr { get; init; }

    /// <summary>RFC 3339, in UTC, with up to nine digits after the point.</summary>
    public required ReadOnlySpan<byte> Time { get; init; }

    /// <summary>The JSON object of the attributes; empty: there are none.</summary>
    public ReadOnlySpan<byte> Attributes { get; init; }
}
