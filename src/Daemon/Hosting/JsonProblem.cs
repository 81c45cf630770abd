using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Berth.Shared.Errors;

namespace Berth.Daemon.Hosting;

/// <summary>Says what is wrong with a request's JSON in the client's terms: which member, what it is, and what it must be.</summary>
internal static class JsonProblem
{
    private const int MaxShown = 80;

    /// <summary>Refuses what JSON can say and no member of the API takes: null in an array, and NUL characters, which end a text wherever the kernel reads it.</summary>
    /// <exception cref="EngineException">InvalidArgument.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    public static void RefuseNulls(ReadOnlySpan<byte> body)
    {
        if (body.IndexOf("null"u8) < 0 && body.IndexOf("\\u0000"u8) < 0)
        {
            return;
        }

        var reader = new Utf8JsonReader(body);
        var path = new List<Step>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    path[^1] = new Step(reader.GetString(), -1);
                    RefuseNul(ref reader, path);
                    continue;
                case JsonTokenType.EndArray or JsonTokenType.EndObject:
                    path.RemoveAt(path.Count - 1);
                    continue;
            }

            if (path is [.., { Name: null } element])
            {
                path[^1] = element with { Index = element.Index + 1 };
                if (reader.TokenType == JsonTokenType.Null)
                {
                    throw Bad($"{Text(path)} is null, and an array has no room for that");
                }
            }

            switch (reader.TokenType)
            {
                case JsonTokenType.StartArray:
                    path.Add(new Step(null, -1));
                    break;
                case JsonTokenType.StartObject:
                    path.Add(new Step("", -1));
                    break;
                case JsonTokenType.String:
                    RefuseNul(ref reader, path);
                    break;
            }
        }
    }

    /// <param name="type">What the body was read as.</param>
    public static EngineException Describe(ReadOnlyMemory<byte> body, JsonTypeInfo type, JsonException problem)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body);
        }
        catch (JsonException syntax)
        {
            return Bad(string.Create(CultureInfo.InvariantCulture,
                $"it can't be read from line {syntax.LineNumber + 1}, byte {syntax.BytePositionInLine + 1} on; a value that is whole, and nothing after it, is allowed"), problem);
        }

        using (document)
        {
            var path = Parse(problem.Path ?? "$");
            var (value, expected) = (document.RootElement, (JsonTypeInfo?)type);
            foreach (var step in path)
            {
                value = Find(value, step);
                expected = expected is null ? null : Find(expected, step);
            }

            var shown = value.ValueKind == JsonValueKind.Undefined ? "nothing" : value.GetRawText();
            shown = shown.Length > MaxShown ? shown[..MaxShown] + "..." : shown;
            return Bad($"{(path.Count == 0 ? "the body" : Text(path))} is {shown}, and must be {(expected is null ? "something else" : Words(expected))}", problem);
        }
    }

    private static EngineException Bad(string what, Exception? inner = null) => new(ErrorKind.InvalidArgument, $"invalid JSON: {what}", inner);

    private static void RefuseNul(ref Utf8JsonReader reader, List<Step> path)
    {
        if (reader.ValueIsEscaped && reader.GetString()?.Contains('\0') == true)
        {
            throw Bad($"{Text(path).Replace('\0', '?')} has a NUL character in it, which no text here may have");
        }
    }

    private static string Text(List<Step> path) => string.Concat(path.Select((step, at) => step.Name is { } name ? at == 0 ? name : $".{name}" : $"[{step.Index}]"));

    /// <summary>The serializer's "$.HostConfig.PortBindings['80/tcp'][0].HostPort".</summary>
    private static List<Step> Parse(string path)
    {
        var steps = new List<Step>();
        var left = path.AsSpan(1);
        while (!left.IsEmpty)
        {
            int end;
            if (left.StartsWith("['") && (end = left.IndexOf("']")) > 0)
            {
                steps.Add(new Step(left[2..end].ToString(), -1));
                left = left[(end + 2)..];
            }
            else if (left[0] == '[' && (end = left.IndexOf(']')) > 0)
            {
                steps.Add(new Step(null, int.Parse(left[1..end], CultureInfo.InvariantCulture)));
                left = left[(end + 1)..];
            }
            else
            {
                end = left[1..].IndexOfAny('.', '[');
                steps.Add(new Step((end < 0 ? left[1..] : left.Slice(1, end)).ToString(), -1));
                left = end < 0 ? [] : left[(end + 1)..];
            }
        }

        return steps;
    }

    private static JsonElement Find(JsonElement value, Step step)
    {
        if (step.Name is null)
        {
            return value.ValueKind == JsonValueKind.Array && step.Index < value.GetArrayLength() ? value[step.Index] : default;
        }

        var found = default(JsonElement);
        foreach (var member in value.ValueKind == JsonValueKind.Object ? value.EnumerateObject() : default)
        {
            found = member.Name.Equals(step.Name, StringComparison.OrdinalIgnoreCase) ? member.Value : found; // the last of a name counts
        }

        return found;
    }

    private static JsonTypeInfo? Find(JsonTypeInfo type, Step step)
    {
        var next = type.Kind == JsonTypeInfoKind.Object
            ? type.Properties.FirstOrDefault(property => property.Name.Equals(step.Name, StringComparison.OrdinalIgnoreCase))?.PropertyType
            : type.ElementType;
        return next is null ? null : type.Options.GetTypeInfo(next);
    }

    private static string Words(JsonTypeInfo type) => (Nullable.GetUnderlyingType(type.Type) ?? type.Type) switch
    {
        var it when it == typeof(bool) => "true or false",
        var it when it == typeof(string) => "text",
        var it when it == typeof(int) => $"a whole number from {int.MinValue} to {int.MaxValue}",
        var it when it == typeof(long) => $"a whole number from {long.MinValue} to {long.MaxValue}",
        var it when it == typeof(double) => "a number",
        _ => type.Kind == JsonTypeInfoKind.Enumerable ? "an array" : "an object",
    };

    /// <param name="Name">Of a member; null: of an array, where <paramref name="Index"/> counts.</param>
    private readonly record struct Step(string? Name, int Index);
}
