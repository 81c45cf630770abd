namespace Berth.Client.Output;

/// <summary>Orders names as people do: <c>web2</c> before <c>web10</c>, and otherwise by code points.</summary>
internal sealed class NaturalOrder : IComparer<string>
{
    public static readonly NaturalOrder Instance = new();

    public int Compare(string? x, string? y)
    {
        var left = x.AsSpan();
        var right = y.AsSpan();
        while (left.Length > 0 && right.Length > 0)
        {
            var byPart = TakeDigits(left) is { Length: > 0 } a && TakeDigits(right) is { Length: > 0 } b
                ? CompareNumbers(a, b)
                : left[0].CompareTo(right[0]);
            if (byPart != 0)
            {
                return byPart;
            }

            var taken = Math.Max(1, TakeDigits(left).Length); // equal parts have equal length
            left = left[taken..];
            right = right[taken..];
        }

        return left.Length - right.Length;
    }

    private static ReadOnlySpan<char> TakeDigits(ReadOnlySpan<char> text)
    {
        var end = text.IndexOfAnyExceptInRange('0', '9');
        return end < 0 ? text : text[..end];
    }

    /// <summary>Numbers of any length; of two equal ones that with fewer leading zeros comes first.</summary>
    private static int CompareNumbers(ReadOnlySpan<char> a, ReadOnlySpan<char> b)
    {
        var bareA = a.TrimStart('0');
        var bareB = b.TrimStart('0');
        return bareA.Length != bareB.Length ? bareA.Length - bareB.Length
            : bareA.SequenceCompareTo(bareB) is var byValue && byValue != 0 ? byValue
            : a.Length - b.Length;
    }
}
