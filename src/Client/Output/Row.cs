using Berth.Client.Output.Templates;

namespace Berth.Client.Output;

/// <summary>An item of a list, as templates see it.</summary>
internal sealed class Row<T>(T item, IReadOnlyList<Column<T>> columns, Func<T, string, string?>? label = null) : ITemplateObject
{
    public IEnumerable<string> Names => columns.Select(static column => column.Name).Order(StringComparer.Ordinal);

    public bool TryGet(string name, out object? value)
    {
        foreach (var column in columns)
        {
            if (column.Name == name)
            {
                value = column.Read(item);
                return true;
            }
        }

        value = null;
        return false;
    }

    public bool TryCall(string name, IReadOnlyList<object?> arguments, out object? value)
    {
        value = null;
        if (name != "Label" || label is null || arguments is not [string key])
        {
            return false;
        }

        value = label(item, key) ?? "";
        return true;
    }
}
