namespace Berth.Daemon.Containers.Attach;

/// <summary>Looks for the detach keys in what a terminal's user types. The keys themselves are held back until it is clear that they are not the sequence.</summary>
internal sealed class DetachScanner(byte[] keys)
{
    private int matched;

    /// <summary>Takes typed bytes and gives what is to be passed on.</summary>
    /// <param name="output">Room for the input and the keys.</param>
    /// <param name="length">Bytes of output; what came before the keys, when they are complete.</param>
    /// <returns>True when the keys are complete.</returns>
    public bool Scan(ReadOnlySpan<byte> input, Span<byte> output, out int length)
    {
        length = 0;
        foreach (var typed in input)
        {
            if (typed == keys[matched])
            {
                if (++matched == keys.Length)
                {
                    return true;
                }

                continue;
            }

            // What was held back is input after all; what was just typed may begin the sequence anew.
            keys.AsSpan(0, matched).CopyTo(output[length..]);
            length += matched;
            matched = 0;
            if (typed == keys[0])
            {
                matched = 1;
                if (keys.Length == 1)
                {
                    return true;
                }
            }
            else
            {
                output[length++] = typed;
            }
        }

        return false;
    }
}
