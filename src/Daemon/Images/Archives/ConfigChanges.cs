using System.Globalization;
using System.Text;
using System.Text.Json;
using Berth.Daemon.Images;
using Berth.Shared.Errors;
using Berth.Shared.Oci;

namespace Berth.Daemon.Images.Archives;

/// <summary>Applies the Dockerfile instructions that only change an image's config: those of "import --change" and "commit --change".</summary>
internal static class ConfigChanges
{
    private static readonly string[] DefaultShell = ["/bin/sh", "-c"];

    /// <exception cref="EngineException">InvalidArgument: an unknown instruction, or a wrong argument.</exception>
    public static OciImageConfig Apply(OciImageConfig config, IReadOnlyList<string> changes)
        => changes.SelectMany(change => change.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Aggregate(config, ApplyOne);

    private static OciImageConfig ApplyOne(OciImageConfig config, string line)
    {
        var space = line.IndexOfAny([' ', '\t']);
        var (instruction, argument) = space < 0 ? (line, "") : (line[..space], line[space..].Trim());
        if (argument.Length == 0)
        {
            throw Invalid($"{instruction.ToUpperInvariant()} needs an argument");
        }

        return instruction.ToUpperInvariant() switch
        {
            "CMD" => config with { Cmd = Command(argument, config) },
            "ENTRYPOINT" => config with { Entrypoint = Command(argument, config) },
            "ENV" => config with { Env = WithVariables(config.Env ?? [], Pairs(argument, "ENV")) },
            "EXPOSE" => config with { ExposedPorts = Add(config.ExposedPorts, Words(argument).Select(Port)) },
            "LABEL" => config with { Labels = Pairs(argument, "LABEL").Aggregate(new Dictionary<string, string>(config.Labels ?? []), With) },
            "ONBUILD" => config with { OnBuild = [.. config.OnBuild ?? [], argument] },
            "STOPSIGNAL" => config with { StopSignal = argument },
            "USER" => config with { User = argument },
            "VOLUME" => config with { Volumes = Add(config.Volumes, argument.StartsWith('[') ? JsonList(argument) : Words(argument)) },
            "WORKDIR" => config with { WorkingDir = WorkingDirectory(config.WorkingDir, argument) },
            "SHELL" => config with { Shell = [.. JsonList(argument)] },
            "HEALTHCHECK" => config with { Healthcheck = Health(argument) },
            var other => throw Invalid($"{other} is not a valid change command"),
        };
    }

    private static string[] Command(string argument, OciImageConfig config)
        => argument.StartsWith('[') && TryJsonList(argument) is { } list ? list : [.. config.Shell ?? DefaultShell, argument];

    private static string[] WithVariables(string[] env, IEnumerable<(string Key, string Value)> pairs)
    {
        var result = env.ToList();
        foreach (var (key, value) in pairs)
        {
            var at = result.FindIndex(variable => variable.StartsWith(key + "=", StringComparison.Ordinal));
            if (at < 0)
            {
                result.Add($"{key}={value}");
            }
            else
            {
                result[at] = $"{key}={value}";
            }
        }

        return [.. result];
    }

    private static Dictionary<string, string> With(Dictionary<string, string> labels, (string Key, string Value) pair)
    {
        labels[pair.Key] = pair.Value;
        return labels;
    }

    private static Dictionary<string, OciEmpty> Add(Dictionary<string, OciEmpty>? set, IEnumerable<string> keys)
    {
        var result = new Dictionary<string, OciEmpty>(set ?? []);
        foreach (var key in keys)
        {
            result[key] = new OciEmpty();
        }

        return result;
    }

    private static string Port(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var (number, protocol) = slash < 0 ? (text, "tcp") : (text[..slash], text[(slash + 1)..].ToLowerInvariant());
        return number.Split('-').All(part => ushort.TryParse(part, CultureInfo.InvariantCulture, out var port) && port > 0) && number.Split('-').Length <= 2 && protocol is "tcp" or "udp" or "sctp"
            ? $"{number}/{protocol}"
            : throw Invalid($"EXPOSE: \"{text}\" is not a port");
    }

    private static string WorkingDirectory(string? before, string path)
        => Path.GetFullPath(path.StartsWith('/') ? path : Path.Combine(string.IsNullOrEmpty(before) ? "/" : before, path), "/");

    /// <summary>"NONE", or "[--interval=30s …] CMD command".</summary>
    private static OciHealthcheck Health(string argument)
    {
        if (argument.Equals("NONE", StringComparison.OrdinalIgnoreCase))
        {
            return new OciHealthcheck { Test = ["NONE"] };
        }

        var check = new OciHealthcheck();
        while (argument.StartsWith("--", StringComparison.Ordinal))
        {
            var end = argument.IndexOf(' ', StringComparison.Ordinal);
            var option = end < 0 ? throw Invalid("HEALTHCHECK needs CMD or NONE") : argument[2..end].Split('=', 2);
            argument = argument[end..].TrimStart();
            var value = option.Length == 2 ? option[1] : throw Invalid($"HEALTHCHECK: --{option[0]} needs a value");
            check = option[0] switch
            {
                "interval" => check with { Interval = Nanoseconds(value) },
                "timeout" => check with { Timeout = Nanoseconds(value) },
                "start-period" => check with { StartPeriod = Nanoseconds(value) },
                "start-interval" => check with { StartInterval = Nanoseconds(value) },
                "retries" => check with { Retries = int.TryParse(value, CultureInfo.InvariantCulture, out var retries) && retries > 0 ? retries : throw Invalid("HEALTHCHECK: --retries must be at least 1") },
                var other => throw Invalid($"HEALTHCHECK: unknown option --{other}"),
            };
        }

        var command = argument.StartsWith("CMD ", StringComparison.OrdinalIgnoreCase) ? argument[4..].Trim() : throw Invalid("HEALTHCHECK needs CMD or NONE");
        return check with { Test = command.StartsWith('[') && TryJsonList(command) is { } list ? ["CMD", .. list] : ["CMD-SHELL", command] };
    }

    private static long Nanoseconds(string text)
        => GoDuration.TryParse(text, out var duration) ? duration.Ticks * 100 : throw Invalid($"HEALTHCHECK: \"{text}\" is not a duration");

    /// <summary>"key=value" words, or for one alone the older "key value".</summary>
    private static List<(string Key, string Value)> Pairs(string argument, string instruction)
    {
        var words = Words(argument);
        if (!words[0].Contains('=', StringComparison.Ordinal))
        {
            var space = argument.IndexOfAny([' ', '\t']);
            return space < 0 ? throw Invalid($"{instruction} must have two arguments") : [(words[0], argument[space..].Trim())];
        }

        return words.ConvertAll(word => word.IndexOf('=', StringComparison.Ordinal) is var at and > 0
            ? (word[..at], word[(at + 1)..])
            : throw Invalid($"{instruction}: \"{word}\" is not key=value"));
    }

    /// <summary>Words as a shell separates them: quotes and backslashes keep spaces together.</summary>
    private static List<string> Words(string text)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var (quote, started) = ('\0', false);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c == '\\' && quote != '\'' && i + 1 < text.Length)
            {
                word.Append(text[++i]);
                started = true;
            }
            else if (quote != '\0')
            {
                quote = c == quote ? '\0' : quote;
                word.Append(quote == '\0' ? "" : c.ToString());
            }
            else if (c is '"' or '\'')
            {
                (quote, started) = (c, true);
            }
            else if (char.IsWhiteSpace(c))
            {
                Flush();
            }
            else
            {
                word.Append(c);
                started = true;
            }
        }

        Flush();
        return quote == '\0' ? words : throw Invalid("a quote is not closed");

        void Flush()
        {
            if (started)
            {
                words.Add(word.ToString());
                word.Clear();
                started = false;
            }
        }
    }

    private static string[] JsonList(string text) => TryJsonList(text) ?? throw Invalid($"\"{text}\" is not a JSON list of strings");

    private static string[]? TryJsonList(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            var items = document.RootElement.EnumerateArray().ToList();
            return items.TrueForAll(item => item.ValueKind == JsonValueKind.String) ? [.. items.Select(item => item.GetString()!)] : null; // strings, as just seen
        }
        catch (JsonException)
        {
            return null; // "[ -f x ] && y" is a command too
        }
    }

    private static EngineException Invalid(string what) => new(ErrorKind.InvalidArgument, $"invalid change: {what}");
}
