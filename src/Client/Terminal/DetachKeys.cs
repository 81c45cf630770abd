using Berth.Client.CommandLine;

namespace Berth.Client.Terminal;

/// <summary>Notices the key sequence that detaches. The daemon acts on it; the client only needs to know why the stream ended.</summary>
internal sealed class DetachKeys(IReadOnlyList<byte> sequence)
{
    private int _matched;

    /// <summary>Whether the whole sequence has gone by.</summary>
    public bool Seen { get; private set; }

    /// <summary>Reads <c>ctrl-p,ctrl-q</c>: keys by commas, a letter or one of @ [ \ ] ^ _ after <c>ctrl-</c>.</summary>
    /// <exception cref="CommandFailedException">Not such a sequence.</exception>
    public static DetachKeys Parse(string? text)
    {
        var keys = new List<byte>();
        foreach (var key in (string.IsNullOrEmpty(text) ? "ctrl-p,ctrl-q" : text).Split(','))
        {
            var last = key.Length > 0 ? key[^1] : '\0';
            keys.Add(key switch
            {
                { Length: 1 } when last < 128 => (byte)last,
                { Length: 6 } when key.StartsWith("ctrl-", StringComparison.OrdinalIgnoreCase) && (char.IsAsciiLetter(last) || "@[\\]^_".Contains(last, StringComparison.Ordinal))
                    => (byte)(char.ToUpperInvariant(last) - '@'),
                _ => throw new CommandFailedException($"invalid detach keys ({text}): unknown key \"{key}\"", 125),
            });
        }

        return new DetachKeys(keys);
    }

    public void Watch(ReadOnlySpan<byte> typed)
    {
        foreach (var key in typed)
        {
            _matched = key == sequence[_matched] ? _matched + 1 : key == sequence[0] ? 1 : 0;
            if (_matched == sequence.Count)
            {
                Seen = true;
                _matched = 0;
            }
        }
    }
}
