using System.Text.Json;
using Berth.Shared.Errors;

namespace Berth.Daemon.Hosting;

/// <summary>
/// The <c>filters</c> parameter: JSON of the form <c>{"key":["value"]}</c>, or the older <c>{"key":{"value":true}}</c>.
/// Values of one key are alternatives; keys must all hold.
/// </summary>
internal sealed class Filters
{
    private readonly Dictionary<string, List<string>> values;

    private Filters(Dictionary<string, List<string>> values) => this.values = values;

    public static Filters None { get; } = new([]);

    public bool IsEmpty => values.Count == 0;

    /// <param name="known">The keys that the endpoint understands.</param>
    /// <exception cref="EngineException">InvalidArgument: no such JSON, or a key that is not known.</exception>
    public static Filters Parse(IQueryCollection query, params ReadOnlySpan<string> known) => Parse(query["filters"].FirstOrDefault(), known);

    /// <inheritdoc cref="Parse(IQueryCollection,ReadOnlySpan{string})"/>
    public static Filters Parse(string? json, params ReadOnlySpan<string> known)
    {
        if (string.IsNullOrEmpty(json))
        {
            return None;
        }

        var filters = ParseJson(json);
        foreach (var key in filters.values.Keys)
        {
            if (!known.Contains(key))
            {
                throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter '{key}'");
            }
        }

        return filters;
    }

    public bool Has(string key) => values.ContainsKey(key);

    /// <summary>The key's values; none when it is not filtered by.</summary>
    public IReadOnlyList<string> Get(string key) => values.TryGetValue(key, out var list) ? list : [];

    /// <summary>Not filtered by the key, or one of its values equals.</summary>
    public bool Allows(string key, string value) => !values.TryGetValue(key, out var list) || list.Count == 0 || list.Contains(value);

    /// <summary>Not filtered by the key, or the predicate accepts one of its values.</summary>
    public bool Allows(string key, Func<string, bool> matches) => !values.TryGetValue(key, out var list) || list.Count == 0 || list.Exists(v => matches(v));

    /// <summary>
    /// Filters <c>label</c> (all of <c>key</c> or <c>key=value</c> must be there) and <c>label!</c> (none may).
    /// </summary>
    public bool AllowsLabels(IReadOnlyDictionary<string, string>? labels)
        => Get("label").All(wanted => HasLabel(labels, wanted)) && !Get("label!").Any(unwanted => HasLabel(labels, unwanted));

    /// <summary>A key that is true or false.</summary>
    /// <exception cref="EngineException">InvalidArgument: another value, or both.</exception>
    public bool? GetBool(string key)
    {
        if (!values.TryGetValue(key, out var list))
        {
            return null;
        }

        var isTrue = list.Exists(v => v is "1" or "true" or "True" or "TRUE" or "t" or "T");
        var isFalse = list.Exists(v => v is "0" or "false" or "False" or "FALSE" or "f" or "F");
        return isTrue != isFalse
            ? isTrue
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid filter '{key}=[{string.Join(' ', list)}]'");
    }

    private static bool HasLabel(IReadOnlyDictionary<string, string>? labels, string wanted)
    {
        var equals = wanted.IndexOf('=', StringComparison.Ordinal);
        var key = equals < 0 ? wanted : wanted[..equals];
        return labels is not null && labels.TryGetValue(key, out var value) && (equals < 0 || value == wanted[(equals + 1)..]);
    }

    private static Filters ParseJson(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var values = new Dictionary<string, List<string>>();
            foreach (var property in document.RootElement.EnumerateObject())
            {
                values[property.Name] = property.Value.ValueKind switch
                {
                    JsonValueKind.Array => [.. property.Value.EnumerateArray().Select(item => item.GetString() ?? "")],
                    JsonValueKind.Object => [.. property.Value.EnumerateObject().Where(member => member.Value.GetBoolean()).Select(member => member.Name)],
                    JsonValueKind.Null => [],
                    _ => throw Invalid(json, null),
                };
            }

            return new Filters(values);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw Invalid(json, e);
        }
    }

    private static EngineException Invalid(string json, Exception? inner)
        => new(ErrorKind.InvalidArgument, $"invalid filter: filters={json} is not of the form {{\"key\":[\"value\"]}}", inner);
}
