using System.Text.Json;
using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>Texts of the form key=value, from options and from files.</summary>
internal static class KeyValueTexts
{
    /// <summary>Files first, then options, so that the command line has the last word.</summary>
    /// <param name="lookUp">Gives a bare key its value from the client's environment; absent where keys have no such meaning.</param>
    /// <exception cref="CommandFailedException">A file cannot be read, or holds what is no key.</exception>
    public static List<string> Gather(IReadOnlyList<string> files, IReadOnlyList<string> options, Func<string, string?>? lookUp)
    {
        var texts = new List<string>();
        foreach (var file in files)
        {
            texts.AddRange(ReadFile(file, lookUp));
        }

        foreach (var option in options)
        {
            if (option.Length == 0 || option[0] == '=')
            {
                throw new CommandFailedException($"invalid environment variable or label: \"{option}\"", 125);
            }

            // A variable the client lacks goes as a bare name: the daemon then takes the image's own value away.
            texts.Add(lookUp is not null && !option.Contains('=', StringComparison.Ordinal) && lookUp(option) is { } value ? $"{option}={value}" : option);
        }

        return texts;
    }

    /// <summary>The value behind the first equals sign, or nothing; later keys replace earlier ones.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ToMap(IEnumerable<string> texts)
    {
        var map = new Dictionary<string, string>();
        foreach (var text in texts)
        {
            var pair = text.Split('=', 2);
            map[pair[0]] = pair.Length == 2 ? pair[1] : "";
        }

        return map.OrderBy(static pair => pair.Key, StringComparer.Ordinal);
    }

    /// <summary>Writes texts as an object of strings under that name; an empty one when there are none.</summary>
    public static void Write(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartObject(name);
        foreach (var (key, value) in ToMap(texts))
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    private static List<string> ReadFile(string file, Func<string, string?>? lookUp)
    {
        string[] lines;
        try
        {
            lines = File.ReadAllLines(file);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException($"cannot read {file}: {failed.Message}", 125, failed);
        }

        var texts = new List<string>();
        for (var number = 0; number < lines.Length; number++)
        {
            var line = lines[number].TrimStart();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            var equals = line.IndexOf('=', StringComparison.Ordinal);
            var key = equals < 0 ? line : line[..equals];
            if (key.Length == 0)
            {
                throw new CommandFailedException($"invalid line {number + 1} of {file}: no variable name before '='", 125);
            }

            if (key.Any(char.IsWhiteSpace))
            {
                throw new CommandFailedException($"invalid line {number + 1} of {file}: variable '{key}' contains whitespaces", 125);
            }

            if (equals >= 0 || lookUp is null)
            {
                texts.Add(line);
            }
            else if (lookUp(key) is { } value)
            {
                texts.Add($"{key}={value}");
            }
        }

        return texts;
    }
}
