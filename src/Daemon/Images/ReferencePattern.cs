using Berth.Shared.Errors;
using Berth.Shared.References;

namespace Berth.Daemon.Images;

/// <summary>The patterns of the filter "reference", as Go's path.Match has them: *, ? and [a-z] stay within one component, \ takes the meaning away.</summary>
internal static class ReferencePattern
{
    /// <summary>Whether the pattern is the name's, with or without its tag or digest, in the short form.</summary>
    /// <exception cref="EngineException">InvalidArgument: the pattern is malformed.</exception>
    public static bool Matches(string pattern, ImageReference reference) => Matches(pattern, reference.ToFamiliarString()) || Matches(pattern, reference.FamiliarName);

    internal static bool Matches(ReadOnlySpan<char> pattern, ReadOnlySpan<char> text)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == '*')
            {
                return MatchesStar(pattern.TrimStart('*'), text);
            }

            if (text.IsEmpty)
            {
                return false;
            }

            if (!MatchesOne(ref pattern, text[0]))
            {
                return false;
            }

            text = text[1..];
        }

        return text.IsEmpty;
    }

    private static bool MatchesStar(ReadOnlySpan<char> rest, ReadOnlySpan<char> text)
    {
        for (var skipped = 0; ; skipped++)
        {
            if (Matches(rest, text[skipped..]))
            {
                return true;
            }

            if (skipped == text.Length || text[skipped] == '/')
            {
                return false;
            }
        }
    }

    private static bool MatchesOne(ref ReadOnlySpan<char> pattern, char character)
    {
        switch (pattern[0])
        {
            case '?':
                pattern = pattern[1..];
                return character != '/';
            case '[':
                return MatchesClass(ref pattern, character);
            case '\\' when pattern.Length > 1:
                var escaped = pattern[1];
                pattern = pattern[2..];
                return escaped == character;
            default:
                var literal = pattern[0];
                pattern = pattern[1..];
                return literal == character;
        }
    }

    private static bool MatchesClass(ref ReadOnlySpan<char> pattern, char character)
    {
        var end = pattern[1..].IndexOf(']') + 1;
        if (end < 2)
        {
            throw new EngineException(ErrorKind.InvalidArgument, "syntax error in pattern");
        }

        var members = pattern[1..end];
        pattern = pattern[(end + 1)..];
        var negated = members[0] == '^';
        members = negated ? members[1..] : members;
        var found = false;
        for (var i = 0; i < members.Length; i++)
        {
            if (i + 2 < members.Length && members[i + 1] == '-')
            {
                found |= character >= members[i] && character <= members[i + 2];
                i += 2;
            }
            else
            {
                found |= character == members[i];
            }
        }

        return found != negated && character != '/';
    }
}
