using System.Globalization;
using Berth.Daemon.Hosting;

namespace Berth.Daemon.Containers.Attach;

internal static class TerminalSizeQuery
{
    /// <summary>The parameters h and w.</summary>
    /// <exception cref="Shared.Errors.EngineException">InvalidArgument: one is missing, or no such number.</exception>
    public static (ushort Rows, ushort Columns) Parse(IQueryCollection query) => (Parse(query, "h", "height"), Parse(query, "w", "width"));

    private static ushort Parse(IQueryCollection query, string name, string meaning)
        => ushort.TryParse(query.GetText(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw AttachErrors.InvalidSize(meaning, query.GetText(name));
}
