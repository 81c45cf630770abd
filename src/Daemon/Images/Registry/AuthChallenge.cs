namespace Berth.Daemon.Images.Registry;

/// <summary>One challenge of a WWW-Authenticate header; RFC 9110 §11.6.1.</summary>
/// <param name="Scheme">In lower case: "bearer", "basic".</param>
internal sealed record AuthChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    /// <summary>Reads all challenges of all header values; what can't be read is left out.</summary>
    public static IReadOnlyList<AuthChallenge> Parse(IEnumerable<string> headers) => headers.SelectMany(ParseOne).ToList();

    private static List<AuthChallenge> ParseOne(string text)
    {
        var challenges = new List<AuthChallenge>();
        Dictionary<string, string>? parameters = null;
        for (var at = 0; at < text.Length;)
        {
            at = Skip(text, at, " \t,");
            var start = at;
            at = SkipToken(text, at);
            if (at == start)
            {
                break;
            }

            var word = text[start..at];
            var next = Skip(text, at, " \t");
            if (next < text.Length && text[next] == '=' && parameters is not null)
            {
                (parameters[word.ToLowerInvariant()], at) = ReadValue(text, Skip(text, next + 1, " \t"));
                continue;
            }

            parameters = new Dictionary<string, string>(StringComparer.Ordinal);
            challenges.Add(new AuthChallenge(word.ToLowerInvariant(), parameters));
        }

        return challenges;
    }

    private static (string Value, int End) ReadValue(string text, int at)
    {
        if (at < text.Length && text[at] == '"')
        {
            var value = new System.Text.StringBuilder();
            for (at++; at < text.Length && text[at] != '"'; at++)
            {
                at += text[at] == '\\' && at + 1 < text.Length ? 1 : 0;
                value.Append(text[at]);
            }

            return (value.ToString(), Math.Min(at + 1, text.Length));
        }

        var end = SkipToken(text, at);
        return (text[at..end], end);
    }

    private static int Skip(string text, int at, string characters)
    {
        while (at < text.Length && characters.Contains(text[at], StringComparison.Ordinal))
        {
            at++;
        }

        return at;
    }

    private static int SkipToken(string text, int at)
    {
        while (at < text.Length && text[at] is not (' ' or '\t' or ',' or '=' or '"'))
        {
            at++;
        }

        return at;
    }
}
