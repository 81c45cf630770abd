using Berth.Shared.Errors;

namespace Berth.Runtime.Commands;

/// <summary>Options in the manner of the OCI command lines: "--name value", "--name=value", "-n value"; after "--" or the last operand, no more.</summary>
internal sealed class CommandLine
{
    private readonly Dictionary<string, List<string>> _values = new(StringComparer.Ordinal);

    private CommandLine()
    {
    }

    public List<string> Operands { get; } = [];

    /// <param name="known">"name" for a switch, "name=" for one with a value, "name|n" with a short form.</param>
    /// <param name="operands">Read options no further once there are this many operands.</param>
    /// <param name="rest">The arguments that were not read.</param>
    /// <exception cref="EngineException">InvalidArgument: an unknown option, or one without its value.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments, IReadOnlyList<string> known, int operands, out IReadOnlyList<string> rest)
    {
        var line = new CommandLine();
        var i = 0;
        for (; i < arguments.Count && line.Operands.Count < operands; i++)
        {
            var argument = arguments[i];
            if (argument == "--")
            {
                i++;
                while (i < arguments.Count && line.Operands.Count < operands)
                {
                    line.Operands.Add(arguments[i++]);
                }

                break;
            }

            if (argument.Length < 2 || argument[0] != '-')
            {
                line.Operands.Add(argument);
                continue;
            }

            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var given = (equals < 0 ? argument : argument[..equals]).TrimStart('-');
            var option = known.FirstOrDefault(k => k.TrimEnd('=').Split('|').Contains(given))
                ?? throw new EngineException(ErrorKind.InvalidArgument, $"unknown option {argument}");
            var name = option.TrimEnd('=').Split('|')[0];
            string value;
            if (!option.EndsWith('='))
            {
                value = equals < 0 ? "true" : argument[(equals + 1)..];
            }
            else if (equals >= 0)
            {
                value = argument[(equals + 1)..];
            }
            else
            {
                value = ++i < arguments.Count ? arguments[i] : throw new EngineException(ErrorKind.InvalidArgument, $"{argument} needs a value");
            }

            if (!line._values.TryGetValue(name, out var values))
            {
                line._values[name] = values = [];
            }

            values.Add(value);
        }

        rest = [.. arguments.Skip(i)];
        return line;
    }

    public string? Value(string name) => _values.TryGetValue(name, out var values) ? values[^1] : null;

    public IReadOnlyList<string> Values(string name) => _values.TryGetValue(name, out var values) ? values : [];

    public bool Has(string name) => Value(name) is { } value && value != "false";

    public int? Number(string name) => Value(name) is not { } text ? null
        : int.TryParse(text, out var number) ? number : throw new EngineException(ErrorKind.InvalidArgument, $"--{name}: \"{text}\" is no number");
}
