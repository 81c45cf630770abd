using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>The value of --device.</summary>
internal sealed record DeviceSpec(string HostPath, string ContainerPath, string Permissions)
{
    /// <summary>Reads <c>/dev/a</c>, <c>/dev/a:/dev/b</c>, <c>/dev/a:rw</c>, <c>/dev/a:/dev/b:r</c>.</summary>
    /// <exception cref="CommandFailedException">Not such a text.</exception>
    public static DeviceSpec Parse(string text)
    {
        var parts = text.Split(':');
        return parts switch
        {
            [{ Length: > 0 } host] => new DeviceSpec(host, host, "rwm"),
            [{ Length: > 0 } host, var permissions] when IsPermissions(permissions) => new DeviceSpec(host, host, permissions),
            [{ Length: > 0 } host, { Length: > 0 } container] => new DeviceSpec(host, container, "rwm"),
            [{ Length: > 0 } host, { Length: > 0 } container, var permissions] when IsPermissions(permissions) => new DeviceSpec(host, container, permissions),
            [{ Length: > 0 }, { Length: > 0 }, var permissions] => throw new CommandFailedException($"bad mode specified: {permissions}", 125),
            _ => throw new CommandFailedException($"invalid device specification: {text}", 125),
        };
    }

    /// <summary>Whether it names a device of the Container Device Interface: <c>vendor.com/class=name</c>.</summary>
    public static bool IsQualifiedName(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return slash > 0 && equals > slash + 1 && equals < text.Length - 1 && char.IsAsciiLetter(text[0]) && char.IsAsciiLetter(text[slash + 1])
            && text[..slash].All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            && text[(slash + 1)..equals].All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_')
            && text[(equals + 1)..].All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':');
    }

    private static bool IsPermissions(string text)
        => text.Length is > 0 and <= 3 && text.All(static c => c is 'r' or 'w' or 'm') && text.Distinct().Count() == text.Length;
}
