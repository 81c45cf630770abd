namespace Berth.Runtime.Supervisor.Logging;

/// <summary>How a receiver wants its lines.</summary>
internal interface ILineFormat
{
    /// <summary>The most bytes that a line of this much text can take.</summary>
    int MaxLength(int textLength);

    /// <returns>The bytes written; 0: the receiver gets no such line.</returns>
    int Write(Span<byte> to, in LogLine line);
}
