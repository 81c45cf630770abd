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
            _ => throw new CommandFailedException($"invalid device specification: {text}", 125),
        };
    }

    private static bool IsPermissions(string text)
        => text.Length is > 0 and <= 3 && text.All(static c => c is 'r' or 'w' or 'm') && text.Distinct().Count() == text.Length;
}
