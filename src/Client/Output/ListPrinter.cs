using Berth.Client.Output.Templates;

namespace Berth.Client.Output;

/// <summary>Prints a list's items as a table, as JSON lines, or by the user's template.</summary>
internal sealed class ListPrinter<T>(IReadOnlyList<Column<T>> columns, Func<T, string, string?>? label = null)
{
    /// <param name="format">The text of --format; nothing or <c>table</c> is the table of the default columns.</param>
    /// <param name="defaultTable">Names of the columns the plain table shows.</param>
    /// <exception cref="TemplateException">The template is wrong or asks for what there is not.</exception>
    public void Print(ByteSink sink, string? format, IReadOnlyList<string> defaultTable, IEnumerable<T> items)
    {
        if (format is null or "" or "table")
        {
            PrintTable(sink, [.. defaultTable.Select(Find)], items);
            return;
        }

        if (format == "json")
        {
            foreach (var item in items)
            {
                sink.WriteLine(TemplateValues.Json(MakeRow(item)));
            }

            return;
        }

        // On a command line tabs and line breaks are easier typed as \t and \n.
        var isTable = format.StartsWith("table ", StringComparison.Ordinal);
        var text = (isTable ? format["table ".Length..].Trim() : format).Replace("\\t", "\t", StringComparison.Ordinal).Replace("\\n", "\n", StringComparison.Ordinal);
        var template = Template.Parse(text);
        if (!isTable)
        {
            foreach (var item in items)
            {
                sink.WriteLine(template.Apply(MakeRow(item)));
            }

            return;
        }

        var table = new TextTable();
        table.AddLine(template.Apply(new HeaderRow(columns.ToDictionary(static column => column.Name, static column => column.Header))));
        foreach (var item in items)
        {
            table.AddLine(template.Apply(MakeRow(item)));
        }

        table.WriteTo(sink);
    }

    private Row<T> MakeRow(T item) => new(item, columns, label);

    private Column<T> Find(string name) => columns.First(column => column.Name == name);

    private static void PrintTable(ByteSink sink, IReadOnlyList<Column<T>> shown, IEnumerable<T> items)
    {
        var table = new TextTable();
        table.Add([.. shown.Select(static column => column.Header)]);
        foreach (var item in items)
        {
            table.Add([.. shown.Select(column => column.Read(item))]);
        }

        table.WriteTo(sink);
    }
}
