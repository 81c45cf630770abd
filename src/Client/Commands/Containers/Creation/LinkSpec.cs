using Berth.Client.CommandLine;

namespace Berth.Client.Commands.Containers.Creation;

/// <summary>The value of --link.</summary>
internal static class LinkSpec
{
    /// <summary>Reads <c>CONTAINER</c> or <c>CONTAINER:name</c>.</summary>
    /// <returns>Always with the name, which is the container's own when none is given.</returns>
    /// <exception cref="CommandFailedException">Not such a text.</exception>
    public static string Parse(string text)
    {
        var parts = text.Split(':');
        return parts switch
        {
            [{ Length: > 0 } container] => $"{container}:{container}",
            [{ Length: > 0 }, { Length: > 0 }] => text,
            _ => throw new CommandFailedException($"bad format for links: {text}", 125),
        };
    }
}
