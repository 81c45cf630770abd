using System.Text.Json;

namespace Berth.Daemon.Hosting;

/// <summary>The daemon's JSON configuration file: an object whose keys are the options' names, plural where they take several values.</summary>
internal static class ConfigurationFile
{
    /// <param name="path">Null: the default file, which need not exist.</param>
    /// <param name="onCommandLine">Options that the command line gave, which the file may not give too.</param>
    /// <exception cref="OptionException">The file is missing though named, is no JSON object, or has a key or value that is not known.</exception>
    public static DaemonOptions Apply(DaemonOptions options, string? path, IReadOnlyCollection<OptionDefinition> onCommandLine)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path ?? DaemonOptions.DefaultConfigFile);
        }
        catch (Exception e) when (path is null && e is FileNotFoundException or DirectoryNotFoundException)
        {
            return options;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OptionException($"can't read the configuration file: {e.Message}");
        }

        return Apply(options, bytes, path ?? DaemonOptions.DefaultConfigFile, onCommandLine);
    }

    internal static DaemonOptions Apply(DaemonOptions options, ReadOnlyMemory<byte> json, string path, IReadOnlyCollection<OptionDefinition> onCommandLine)
    {
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new OptionException($"{path}: must hold one JSON object");
            }

            var texts = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var property in document.RootElement.EnumerateObject())
            {
                var option = Find(path, property.Name);
                if (onCommandLine.Contains(option))
                {
                    throw new OptionException($"{path}: \"{property.Name}\" is also given on the command line (--{option.Name}); give it in one place");
                }

                options = ApplyValue(options, option, property, path);
                texts[property.Name] = property.Value.GetRawText();
            }

            return options with { InFile = texts };
        }
        catch (JsonException e)
        {
            throw new OptionException($"{path}: {e.Message}");
        }
    }

    private static DaemonOptions ApplyValue(DaemonOptions options, OptionDefinition option, JsonProperty property, string path)
    {
        var value = property.Value;
        switch (option.Kind, value.ValueKind)
        {
            case (OptionKind.List, JsonValueKind.Array):
                return value.EnumerateArray().Aggregate(options, (current, item) => item.ValueKind == JsonValueKind.Object && option.ApplyElement is { } apply
                    ? Within(path, () => apply(current, "", item))
                    : Within(path, () => option.Apply(current, Text(item, property.Name, path))));

            case (OptionKind.Map, JsonValueKind.Object):
                return value.EnumerateObject().Aggregate(options, (current, item) => item.Value.ValueKind == JsonValueKind.Object && option.ApplyElement is { } apply
                    ? Within(path, () => apply(current, item.Name, item.Value))
                    : Within(path, () => option.Apply(current, $"{item.Name}={Text(item.Value, item.Name, path)}")));

            case (OptionKind.Flag or OptionKind.Value, JsonValueKind.True or JsonValueKind.False or JsonValueKind.Number or JsonValueKind.String):
                return Within(path, () => option.Apply(options, Text(value, property.Name, path)));

            default:
                var wanted = option.Kind switch { OptionKind.List => "an array", OptionKind.Map => "an object", OptionKind.Flag => "true or false", _ => "a single value" };
                throw new OptionException($"{path}: \"{property.Name}\" must be {wanted}");
        }
    }

    // The wrong value is in this file, not on the command line.
    private static DaemonOptions Within(string path, Func<DaemonOptions> apply)
    {
        try
        {
            return apply();
        }
        catch (OptionException wrong) when (!wrong.Message.StartsWith(path, StringComparison.Ordinal))
        {
            throw new OptionException($"{path}: {wrong.Message}");
        }
    }

    private static string Text(JsonElement value, string key, string path) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!, // not null for a string
        JsonValueKind.True => "true",
        JsonValueKind.False => "false",
        JsonValueKind.Number => value.GetRawText(),
        _ => throw new OptionException($"{path}: \"{key}\" must be a string, a number or a boolean"),
    };

    private static OptionDefinition Find(string path, string key)
    {
        foreach (var option in OptionTable.All)
        {
            if (option.Key == key)
            {
                return option;
            }
        }

        if (OptionTable.NotHere.TryGetValue(key, out var reason))
        {
            throw new OptionException($"{path}: \"{key}\" has no meaning here: {reason}");
        }

        var nearest = Suggestion.Nearest(key, OptionTable.All.Select(option => option.Key).OfType<string>());
        throw new OptionException($"{path}: unknown key \"{key}\"{(nearest is null ? "" : $"; did you mean \"{nearest}\"?")}");
    }
}
