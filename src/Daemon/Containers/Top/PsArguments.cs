using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Top;

/// <summary>
/// The arguments of ps(1) that choose columns. Which processes are shown is the container's affair, so the options that choose them are
/// taken and mean nothing. No program is started: neither does the host need a ps, nor can arguments do harm.
/// </summary>
internal static class PsArguments
{
    /// <param name="text">Such as "-ef", "aux" or "-o pid,comm"; null or empty: "-ef".</param>
    /// <exception cref="EngineException">InvalidArgument: an option or a column that is not known.</exception>
    public static IReadOnlyList<PsColumn> Parse(string? text)
    {
        var words = new Queue<string>((string.IsNullOrWhiteSpace(text) ? "-ef" : text).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries));
        var format = new List<PsColumn>();
        IReadOnlyList<PsColumn> columns = PsColumn.Brief;
        while (words.TryDequeue(out var word))
        {
            var letters = word.StartsWith("--", StringComparison.Ordinal) ? LongOption(word, words, format) : word.TrimStart('-');
            for (var i = 0; i < letters.Length; i++)
            {
                switch (letters[i])
                {
                    case 'o' or 'O':
                        var rest = letters[(i + 1)..].TrimStart('=');
                        AddFormat(format, rest.Length > 0 ? rest : words.TryDequeue(out var next) ? next : throw Invalid("-o needs a list of columns"));
                        i = letters.Length;
                        break;
                    case 'f' when word[0] == '-':
                    case 'F':
                        columns = PsColumn.Full;
                        break;
                    case 'l':
                        columns = PsColumn.Long;
                        break;
                    case 'u' when word[0] != '-' || letters.StartsWith("au", StringComparison.Ordinal): // "-aux", which everyone types
                        columns = PsColumn.User;
                        break;
                    case 'e' or 'a' or 'x' or 'A' or 'w' or 'h' or 'f' or 'd' or 'N' or 'r' or 'y':
                        break; // which processes, how wide, which order
                    default:
                        throw Invalid($"option {letters[i]} of \"{word}\" is not supported");
                }
            }
        }

        return format.Count > 0 ? format : columns;
    }

    private static string LongOption(string word, Queue<string> words, List<PsColumn> format)
    {
        if (word.StartsWith("--format", StringComparison.Ordinal))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            AddFormat(format, equals > 0 ? word[(equals + 1)..] : words.TryDequeue(out var next) ? next : throw Invalid("--format needs a list of columns"));
            return "";
        }

        return word is "--no-headers" or "--no-headings" or "--forest" ? "" : throw Invalid($"option {word} is not supported");
    }

    /// <summary>"pid,comm" or "pid=Title"; a title takes the rest.</summary>
    private static void AddFormat(List<PsColumn> format, string list)
    {
        foreach (var item in list.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = item.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? item : item[..equals];
            var column = PsColumn.Find(name) ?? throw Invalid($"unknown column \"{name}\"; known are {string.Join(", ", PsColumn.Names)}");
            format.Add(equals < 0 ? column : column with { Title = item[(equals + 1)..] });
        }
    }

    private static EngineException Invalid(string why) => new(ErrorKind.InvalidArgument, $"invalid ps_args: {why}");
}
