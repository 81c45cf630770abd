using System.Text.RegularExpressions;

namespace Berth.Daemon.Containers.Cdi;

/// <summary>Names of devices: "vendor/class=name".</summary>
internal static partial class CdiName
{
    public static bool IsQualified(string text) => Qualified().IsMatch(text);

    public static bool IsKind(string text) => Kind().IsMatch(text);

    public static bool IsDevice(string text) => Device().IsMatch(text);

    [GeneratedRegex(@"^[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?/[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?=[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?\z")]
    private static partial Regex Qualified();

    [GeneratedRegex(@"^[A-Za-z]([A-Za-z0-9_.-]*[A-Za-z0-9])?/[A-Za-z]([A-Za-z0-9_-]*[A-Za-z0-9])?\z")]
    private static partial Regex Kind();

    [GeneratedRegex(@"^[A-Za-z0-9]([A-Za-z0-9_.:-]*[A-Za-z0-9])?\z")]
    private static partial Regex Device();
}
