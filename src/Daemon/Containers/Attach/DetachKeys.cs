using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Attach;

/// <summary>The keys that end an attached terminal's stream and leave the container running, such as "ctrl-p,ctrl-q".</summary>
internal static class DetachKeys
{
    public static byte[] Default { get; } = [16, 17];

    /// <param name="text">Keys with commas between them: a character, or ctrl- and one of a-z @ [ \ ] ^ _. Null or empty: the default.</param>
    /// <exception cref="EngineException">InvalidArgument: something else.</exception>
    public static byte[] Parse(string? text) => string.IsNullOrEmpty(text) ? Default : [.. text.Split(',').Select(key => ParseKey(text, key))];

    private static byte ParseKey(string text, string key)
    {
        if (key.Length == 1 && char.IsAscii(key[0]))
        {
            return (byte)key[0];
        }

        if (key.Length == 6 && key.StartsWith("ctrl-", StringComparison.Ordinal))
        {
            var letter = char.ToUpperInvariant(key[5]);
            if (letter is >= '@' and <= '_')
            {
                return (byte)(letter - '@');
            }
        }

        throw new EngineException(ErrorKind.InvalidArgument, $"Invalid detach keys ({text}) provided");
    }
}
