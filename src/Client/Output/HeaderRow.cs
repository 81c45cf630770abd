using Berth.Client.Output.Templates;

namespace Berth.Client.Output;

/// <summary>The titles of a list's columns: a table's template applied to it makes the first line.</summary>
internal sealed class HeaderRow(IReadOnlyDictionary<string, string> headers) : ITemplateObject
{
    public IEnumerable<string> Names => headers.Keys.Order(StringComparer.Ordinal);

    public bool TryGet(string name, out object? value)
    {
        value = headers.TryGetValue(name, out var header) ? header : null;
        return value is not null;
    }

    public bool TryCall(string name, IReadOnlyList<object?> arguments, out object? value)
    {
        // {{.Label "com.example.team"}} is titled by the last part of its key.
        value = name == "Label" && arguments is [string key] ? key[(key.LastIndexOfAny(['.', '/']) + 1)..] : null;
        return value is not null;
    }
}
