using System.Text;

namespace Berth.Client.Output;

/// <summary>Columns aligned by spaces: every column but the last is as wide as its widest cell and some spaces, and never narrower than a least width.</summary>
internal sealed class TextTable(int narrowestColumn = 10, int padding = 3)
{
    private readonly List<string[]> _rows = [];

    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Adds a line whose cells are separated by tabs.</summary>
    public void AddLine(string line) => _rows.Add(line.Split('\t'));

    public void WriteTo(ByteSink sink)
    {
        var widths = new List<int>();
        foreach (var row in _rows)
        {
            for (var i = 0; i < row.Length - 1; i++)
            {
                if (widths.Count == i)
                {
                    widths.Add(narrowestColumn);
                }

                widths[i] = Math.Max(widths[i], Width(row[i]) + padding);
            }
        }

        var line = new StringBuilder();
        foreach (var row in _rows)
        {
            line.Clear();
            for (var i = 0; i < row.Length - 1; i++)
            {
                line.Append(row[i]).Append(' ', widths[i] - Width(row[i]));
            }

            sink.WriteLine(line.Append(row[^1]).ToString());
        }
    }

    /// <summary>Code points, not UTF-16 units.</summary>
    private static int Width(string cell)
    {
        var width = cell.Length;
        foreach (var unit in cell)
        {
            width -= char.IsLowSurrogate(unit) ? 1 : 0;
        }

        return width;
    }
}
