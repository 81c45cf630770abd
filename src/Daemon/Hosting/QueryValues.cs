using System.Globalization;
using Berth.Shared.Errors;

namespace Berth.Daemon.Hosting;

/// <summary>Query parameters, read as Docker reads them.</summary>
internal static class QueryValues
{
    /// <summary>False for absent, empty, 0, no, false and none; true for anything else.</summary>
    public static bool GetBool(this IQueryCollection query, string name) => IsTrue(query[name].FirstOrDefault());

    /// <inheritdoc cref="GetBool(IQueryCollection,string)"/>
    /// <param name="absent">The value when the parameter is not there at all.</param>
    public static bool GetBool(this IQueryCollection query, string name, bool absent)
        => query.ContainsKey(name) ? query.GetBool(name) : absent;

    /// <summary>The first value; null when absent or empty.</summary>
    public static string? GetText(this IQueryCollection query, string name)
        => query[name].FirstOrDefault() is { Length: > 0 } text ? text : null;

    /// <exception cref="EngineException">InvalidArgument: not a whole number.</exception>
    public static long? GetNumber(this IQueryCollection query, string name)
    {
        var text = query.GetText(name);
        if (text is null)
        {
            return null;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new EngineException(ErrorKind.InvalidArgument, $"invalid value for {name}: \"{text}\" is not a number");
    }

    internal static bool IsTrue(string? text) => (text ?? "").Trim().ToLowerInvariant() is not ("" or "0" or "no" or "false" or "none");
}
