using System.Text;

namespace Berth.Daemon.Hosting;

/// <summary>What the command line asks for.</summary>
internal abstract record CommandLine
{
    /// <param name="Reread">The same command line with the configuration file as it is now.</param>
    internal sealed record Run(DaemonOptions Options, Func<DaemonOptions> Reread) : CommandLine;

    /// <summary>Check the configuration and say so.</summary>
    internal sealed record Validate : CommandLine;

    internal sealed record Help : CommandLine;

    internal sealed record Version : CommandLine;

    /// <summary>Reads the arguments, then the configuration file that they (or the default) name.</summary>
    /// <exception cref="OptionException">An option is unknown, lacks its value, has a wrong one, or is given in both places.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        var given = new List<(OptionDefinition Option, string Value)>();
        string? configFile = null;
        var validate = false;
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, attached) = Split(arguments[i]);
            switch (name)
            {
                case "help" or "h":
                    return new Help();
                case "version" or "v":
                    return new Version();
                case "validate":
                    validate = true;
                    continue;
                case "config-file":
                    configFile = attached ?? Next(arguments, ref i);
                    continue;
            }

            var option = Find(name);
            var value = attached ?? (option.Kind == OptionKind.Flag ? "true" : Next(arguments, ref i));
            given.Add((option, value));
        }

        DaemonOptions Read()
        {
            var options = new DaemonOptions();
            foreach (var (option, value) in given)
            {
                options = option.Apply(options, value);
            }

            options = ConfigurationFile.Apply(options, configFile, [.. given.Select(g => g.Option)]);
            OptionTable.Check(options);
            return options;
        }

        var read = Read();
        return validate ? new Validate() : new Run(read, Read);
    }

    public static string HelpText()
    {
        var text = new StringBuilder("""
            Usage:  berthd [OPTIONS]

            The Berth container engine's daemon: serves the Docker Engine API.

            Options:

            """);
        (char? Letter, string Flag, string Help)[] others =
        [
            (null, "config-file file", $"Configuration file (default {DaemonOptions.DefaultConfigFile}); its keys are the options' names"),
            (null, "validate", "Check the options and the configuration file, and end"),
            ('v', "version", "Print the version, and end"),
            ('h', "help", "Print this help, and end"),
        ];
        var lines = OptionTable.All.Where(o => !o.IsOnlyInFile && !o.IsSettled).Select(o => (o.Letter, Flag: o.ValueName.Length > 0 ? $"{o.Name} {o.ValueName}" : o.Name, o.Help))
            .Concat(others).OrderBy(line => line.Flag, StringComparer.Ordinal);
        foreach (var (letter, flag, help) in lines)
        {
            text.Append(letter is { } l ? $"  -{l}, " : "      ").Append("--").Append(flag.PadRight(32)).Append(' ').Append(help).Append('\n');
        }

        return text.ToString();
    }

    private static (string Name, string? Attached) Split(string argument)
    {
        if (argument.StartsWith("--", StringComparison.Ordinal) && argument.Length > 2)
        {
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            return equals < 0 ? (argument[2..], null) : (argument[2..equals], argument[(equals + 1)..]);
        }

        if (argument.Length >= 2 && argument[0] == '-' && argument[1] != '-')
        {
            var rest = argument[2..];
            return (argument[1..2], rest.Length == 0 ? null : rest.StartsWith('=') ? rest[1..] : rest);
        }

        throw new OptionException($"unexpected argument \"{argument}\": berthd takes options only");
    }

    private static OptionDefinition Find(string name)
    {
        foreach (var option in OptionTable.All)
        {
            if (!option.IsOnlyInFile && (option.Name == name || (name.Length == 1 && option.Letter == name[0])))
            {
                return option;
            }
        }

        if (OptionTable.NotHere.TryGetValue(name, out var reason))
        {
            throw new OptionException($"--{name} has no meaning here: {reason}");
        }

        var nearest = Suggestion.Nearest(name, OptionTable.All.Where(option => !option.IsOnlyInFile).Select(option => option.Name));
        throw new OptionException($"unknown option {(name.Length == 1 ? "-" : "--")}{name}{(nearest is null ? "" : $"; did you mean --{nearest}?")}");
    }

    private static string Next(IReadOnlyList<string> arguments, ref int index)
        => index + 1 < arguments.Count ? arguments[++index] : throw new OptionException($"{arguments[index]} needs a value");
}
