namespace Berth.Client.CommandLine;

/// <summary>Reads a command's words into options and arguments, by the rules users know from Docker.</summary>
internal static class CommandParser
{
    public static readonly Switch Help = new("help", Opt.NoLetter, "Print this text");

    /// <exception cref="UsageException">An option is unknown or its value is wrong.</exception>
    public static (OptionValues Options, List<string> Arguments) Parse(CommandSpec command, ReadOnlySpan<string> words)
    {
        var values = new OptionValues();
        var arguments = new List<string>();
        for (var i = 0; i < words.Length; i++)
        {
            var word = words[i];
            if (word == "--")
            {
                arguments.AddRange(words[(i + 1)..]);
                break;
            }

            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                ReadLong(command, word, words, ref i, values);
            }
            else if (word.Length > 1 && word[0] == '-')
            {
                ReadLetters(command, word, words, ref i, values);
            }
            else
            {
                arguments.Add(word);
                if (command.OptionsEndAtFirstArgument)
                {
                    arguments.AddRange(words[(i + 1)..]);
                    break;
                }
            }
        }

        return (values, arguments);
    }

    /// <summary>Finds the option that a word such as <c>--name</c>, <c>--name=x</c> or <c>-n</c> names, for completion.</summary>
    public static Option? Find(CommandSpec command, string word)
    {
        if (word.StartsWith("--", StringComparison.Ordinal))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            return ByName(command, equals < 0 ? word[2..] : word[2..equals]);
        }

        return word.Length > 1 && word[0] == '-' ? ByLetter(command, word[^1]) : null;
    }

    private static void ReadLong(CommandSpec command, string word, ReadOnlySpan<string> words, ref int i, OptionValues values)
    {
        var equals = word.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? word[2..] : word[2..equals];
        var option = ByName(command, name) ?? throw Unknown(command, name);
        var text = equals >= 0 ? word[(equals + 1)..]
            : option.BareValue is { } bare ? bare
            : i + 1 < words.Length ? words[++i]
            : throw Wrong(command, $"flag needs an argument: --{name}");
        Accept(command, option, $"--{name}", text, values);
    }

    private static void ReadLetters(CommandSpec command, string word, ReadOnlySpan<string> words, ref int i, OptionValues values)
    {
        for (var at = 1; at < word.Length; at++)
        {
            var option = ByLetter(command, word[at])
                ?? (word[at] == 'h' ? Help : throw Wrong(command, $"unknown shorthand flag: '{word[at]}' in {word}"));
            var shown = option.Name == Help.Name ? "--help" : $"-{option.Letter}, --{option.Name}";
            var rest = word[(at + 1)..];
            if (rest.StartsWith('='))
            {
                Accept(command, option, shown, rest[1..], values);
                return;
            }

            if (option.BareValue is { } bare)
            {
                Accept(command, option, shown, bare, values);
                continue;
            }

            var text = rest.Length > 0 ? rest
                : i + 1 < words.Length ? words[++i]
                : throw Wrong(command, $"flag needs an argument: '{word[at]}' in {word}");
            Accept(command, option, shown, text, values);
            return;
        }
    }

    private static void Accept(CommandSpec command, Option option, string shown, string text, OptionValues values)
    {
        try
        {
            option.Accept(values, text);
        }
        catch (FormatException wrong)
        {
            throw Wrong(command, $"invalid argument \"{text}\" for \"{shown}\" flag: {wrong.Message}");
        }
    }

    private static Option? ByName(CommandSpec command, string name)
    {
        if (name == Help.Name)
        {
            return Help;
        }

        foreach (var option in command.Options)
        {
            if (option.Name == name)
            {
                return option;
            }
        }

        return null;
    }

    private static Option? ByLetter(CommandSpec command, char letter)
    {
        foreach (var option in command.Options)
        {
            if (option.Letter == letter)
            {
                return option;
            }
        }

        return null;
    }

    private static UsageException Unknown(CommandSpec command, string name)
    {
        var near = Suggestions.Nearest(name, command.Options.Where(static option => !option.IsHidden).Select(static option => option.Name));
        return Wrong(command, near.Count == 0 ? $"unknown flag: --{name}" : $"unknown flag: --{name}\n\nDid you mean {string.Join(" or ", near.Select(static n => "--" + n))}?");
    }

    private static UsageException Wrong(CommandSpec command, string message) => new(message, command, command.UsageExitCode);
}
