using System.Text.RegularExpressions;

namespace Berth.Daemon.Networks;

/// <summary>Names of network interfaces, narrower than the kernel's own rule: they become parts of paths and rules.</summary>
internal static partial class InterfaceNames
{
    public static bool IsValid(string name) => Form().IsMatch(name);

    [GeneratedRegex(@"\A(?!\.{1,2}\z)[A-Za-z0-9_.\-]{1,15}\z")]
    private static partial Regex Form();
}
