namespace Berth.Runtime.Supervisor.Logging;

/// <summary>Cuts one stream into lines; a line longer than <see cref="MaxLine"/> comes in parts of that size, as Docker's log has them.</summary>
internal sealed class LineSplitter
{
    public const int MaxLine = 16 << 10;

    private byte[]? unfinished;
    private int length;

    /// <summary>What came after the last line feed.</summary>
    public ReadOnlySpan<byte> Unfinished => unfinished.AsSpan(0, length);

    /// <summary>Takes the next line, or part of one, from the data.</summary>
    /// <param name="data">What is left of it after the call.</param>
    /// <param name="line">Valid until the next call.</param>
    /// <param name="complete">Ended by a line feed, which is not in <paramref name="line"/>.</param>
    /// <returns>False when the data is used up; its rest is kept for later.</returns>
    public bool TryTake(ref ReadOnlySpan<byte> data, out ReadOnlySpan<byte> line, out bool complete)
    {
        var window = data[..Math.Min(data.Length, MaxLine - length)];
        var end = window.IndexOf((byte)'\n');
        complete = end >= 0;
        var taken = complete ? window[..end] : window;
        var whole = complete || length + window.Length == MaxLine;
        data = data[(taken.Length + (complete ? 1 : 0))..];
        if (length > 0 || !whole)
        {
            unfinished ??= new byte[MaxLine];
            taken.CopyTo(unfinished.AsSpan(length));
            length += taken.Length;
            taken = Unfinished;
        }

        line = whole ? taken : default;
        if (whole)
        {
            length = 0;
        }

        return whole;
    }

    /// <summary>Takes what no line feed will end any more.</summary>
    public ReadOnlySpan<byte> TakeUnfinished()
    {
        var rest = Unfinished;
        length = 0;
        return rest;
    }
}
