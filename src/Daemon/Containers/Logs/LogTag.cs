using System.Globalization;
using System.Text;
using Berth.Shared.Errors;

namespace Berth.Daemon.Containers.Logs;

/// <summary>
/// The template of the log option "tag", such as "{{.ImageName}}/{{.Name}}": the part of Go's template language that Docker's documentation of tags uses,
/// fields with functions on text in a pipe. Anything else is refused when the container is made.
/// </summary>
internal sealed class LogTag
{
    /// <summary>Where no tag is asked for; json-file has none then.</summary>
    public const string Default = "{{.ID}}";

    private static readonly string[] fields = ["ID", "FullID", "Name", "ImageID", "ImageFullID", "ImageName", "DaemonName", "Command", "Hostname"];
    private static readonly Dictionary<string, Func<string, string>> functions = new()
    {
        ["lower"] = text => text.ToLowerInvariant(),
        ["upper"] = text => text.ToUpperInvariant(),
        ["title"] = text => CultureInfo.InvariantCulture.TextInfo.ToTitleCase(text),
        ["println"] = text => text + "\n",
    };

    private readonly List<Func<LogTagValues, string>> parts = [];

    /// <exception cref="EngineException">InvalidArgument: it can't be understood.</exception>
    public static LogTag Parse(string template)
    {
        var tag = new LogTag();
        while (template.Length > 0)
        {
            var open = template.IndexOf("{{", StringComparison.Ordinal);
            if (open < 0)
            {
                tag.Literal(template);
                break;
            }

            tag.Literal(template[..open]);
            var close = template.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                throw Invalid(template, "an action begins with {{ and ends nowhere");
            }

            tag.parts.Add(Action(template[(open + 2)..close].Trim()));
            template = template[(close + 2)..];
        }

        return tag;
    }

    public string Render(LogTagValues values)
    {
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(part(values));
        }

        return text.ToString();
    }

    private static EngineException Invalid(string what, string why) => new(ErrorKind.InvalidArgument, $"invalid log opt tag: \"{what}\": {why}");

    private void Literal(string text)
    {
        if (text.Length > 0)
        {
            parts.Add(_ => text);
        }
    }

    /// <summary>"VALUE", "VALUE | function" or "function VALUE".</summary>
    private static Func<LogTagValues, string> Action(string action)
    {
        var pipe = action.Split('|', StringSplitOptions.TrimEntries);
        var word = pipe[0].Split(' ', 2, StringSplitOptions.TrimEntries);
        var value = word.Length == 2 && functions.TryGetValue(word[0], out var first) ? After(Value(word[1]), first) : Value(pipe[0]);
        foreach (var name in pipe.Skip(1))
        {
            value = functions.TryGetValue(name, out var next)
                ? After(value, next)
                : throw Invalid(action, $"there is no function \"{name}\"; there are {string.Join(", ", functions.Keys)}");
        }

        return value;
    }

    private static Func<LogTagValues, string> After(Func<LogTagValues, string> value, Func<string, string> function) => values => function(value(values));

    private static Func<LogTagValues, string> Value(string text)
    {
        const string attributes = "(.ExtraAttributes nil).";
        if (text.StartsWith(attributes, StringComparison.Ordinal) && text.Length > attributes.Length)
        {
            var name = text[attributes.Length..];
            return values => values.Attributes?.GetValueOrDefault(name) ?? "<no value>";
        }

        if (text.Length > 1 && text[0] == '"' && text[^1] == '"')
        {
            var literal = text[1..^1];
            return _ => literal;
        }

        return text switch
        {
            ".ID" => values => values.Id[..12],
            ".FullID" => values => values.Id,
            ".Name" => values => values.Name,
            ".ImageID" => values => values.ImageId[(values.ImageId.IndexOf(':', StringComparison.Ordinal) + 1)..][..12],
            ".ImageFullID" => values => values.ImageId,
            ".ImageName" => values => values.ImageName,
            ".DaemonName" => _ => "berth",
            ".Command" => values => values.Command,
            ".Hostname" => values => values.Hostname,
            _ => throw Invalid(text, $"there is no such value; there are {string.Join(", ", fields.Select(field => "." + field))}"),
        };
    }
}

/// <summary>What a tag can name.</summary>
/// <param name="Id">64 digits.</param>
/// <param name="ImageId">With its algorithm.</param>
/// <param name="Command">Entrypoint and arguments.</param>
/// <param name="Hostname">The host's.</param>
internal sealed record LogTagValues(string Id, string Name, string ImageId, string ImageName, string Command, string Hostname, IReadOnlyDictionary<string, string>? Attributes);
